#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <tinynet/data/synthetic.hpp>
#include <vector>

using tinynet::Dataset;
using tinynet::Index;
using tinynet::synthetic_digits;

namespace {

std::vector<std::uint8_t> bytes(const Dataset& data, Index count) {
  return {data.images.data(), data.images.data() + count * data.images.cols()};
}

// FNV-1a, so that the test below needs no file of expected pixels.
std::uint64_t fingerprint(const Dataset& data) {
  std::uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](std::uint8_t byte) { hash = (hash ^ byte) * 1099511628211u; };
  for (const std::uint8_t byte : bytes(data, data.size())) add(byte);
  for (const std::uint8_t label : data.labels) add(label);
  return hash;
}

}  // namespace

TEST_CASE("the pictures are the same on every machine") {
  const auto [train, test] = synthetic_digits(500, 100, 0);
  CHECK(fingerprint(train) == 310589958443417140u);
  CHECK(fingerprint(test) == 3724667735323779340u);
}

TEST_CASE("sizes and labels are those of MNIST") {
  const auto [train, test] = synthetic_digits(1000, 200);
  CHECK(train.size() == 1000);
  CHECK(test.size() == 200);
  CHECK(train.labels.size() == 1000);
  CHECK(train.images.height() == 28);
  CHECK(train.images.width() == 28);
  CHECK(std::set<int>(train.labels.begin(), train.labels.end()) == std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("ink is as dense as MNIST's: 19 % of the pixels, mean 33, in the middle") {
  const auto [train, test] = synthetic_digits(5000, 0);
  const std::vector<std::uint8_t> pixels = bytes(train, train.size());
  double nonzero = 0, sum = 0, edge = 0;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t row = i / 28 % 28;
    if (pixels[i] != 0) ++nonzero;
    if (pixels[i] != 0 && (row == 0 || row == 27)) ++edge;
    sum += pixels[i];
  }
  const auto count = static_cast<double>(pixels.size());
  CHECK(nonzero / count == doctest::Approx(0.19).epsilon(0.05));
  CHECK(sum / count == doctest::Approx(33.3).epsilon(0.05));
  CHECK(edge / count < 0.002);
  CHECK(*std::max_element(pixels.begin(), pixels.end()) == 255);
}

TEST_CASE("a smaller set is the beginning of a larger one") {
  const auto [large, large_test] = synthetic_digits(300, 30, 7);
  const auto [small, small_test] = synthetic_digits(100, 10, 7);
  CHECK(bytes(small, 100) == bytes(large, 100));
  CHECK(bytes(small_test, 10) == bytes(large_test, 10));
  CHECK(std::equal(small.labels.begin(), small.labels.end(), large.labels.begin()));
}

TEST_CASE("training set, test set and seeds differ, and no picture comes twice") {
  const auto [train, test] = synthetic_digits(2000, 2000, 1);
  const auto [other, other_test] = synthetic_digits(2000, 2000, std::uint64_t{1} << 32);
  std::set<std::vector<std::uint8_t>> seen;
  for (const Dataset* data : {&train, &test, &other, &other_test})
    for (Index i = 0; i < data->size(); ++i)
      seen.emplace(data->images.data() + i * 784, data->images.data() + (i + 1) * 784);
  CHECK(seen.size() == 8000);
}

TEST_CASE("empty sets are fine, negative counts are not") {
  const auto [train, test] = synthetic_digits(0, 0);
  CHECK(train.size() == 0);
  CHECK(test.size() == 0);
  CHECK_THROWS_WITH_AS(synthetic_digits(-1, 5), "synthetic_digits: expected counts of 0 or more, found -1 and 5",
                       tinynet::Error);
}

// The nearest class mean is a weak classifier: above chance by far, and below what a net reaches.
TEST_CASE("the digits can be told apart, but not by their means alone") {
  const auto [train, test] = synthetic_digits(4000, 1000);
  std::array<std::array<double, 784>, 10> mean{};
  std::array<double, 10> count{};
  for (Index i = 0; i < train.size(); ++i) {
    const std::size_t label = train.labels[static_cast<std::size_t>(i)];
    ++count[label];
    for (std::size_t p = 0; p < 784; ++p) mean[label][p] += train.images.data()[static_cast<std::size_t>(i) * 784 + p];
  }
  for (std::size_t digit = 0; digit < 10; ++digit)
    for (double& m : mean[digit]) m /= count[digit];

  int right = 0;
  for (std::size_t i = 0; i < test.labels.size(); ++i) {
    std::array<double, 10> distance{};
    for (std::size_t digit = 0; digit < 10; ++digit)
      for (std::size_t p = 0; p < 784; ++p) {
        const double d = test.images.data()[i * 784 + p] - mean[digit][p];
        distance[digit] += d * d;
      }
    const auto nearest = std::min_element(distance.begin(), distance.end()) - distance.begin();
    if (nearest == test.labels[i]) ++right;
  }
  MESSAGE("nearest mean: ", right, " of 1000");
  CHECK(right > 600);
  CHECK(right < 950);
}
