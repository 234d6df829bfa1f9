#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <tinynet/data/file_chunks.hpp>
#include <tinynet/data/image_file.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "make_idx.hpp"

using namespace tinynet;
using test::Bytes;
using test::error_of;

namespace {

constexpr Index count = 500;

Dataset digits_in(const std::string& path) {
  Dataset data = synthetic_digits(count, 0).first;
  Bytes content = test::idx(8, {static_cast<std::uint32_t>(count), 28, 28}, 0);
  content.insert(content.end(), data.images.data(), data.images.data() + count * 28 * 28);
  test::write_bytes(path, content);
  return data;
}

using Net = MLP<784, 12, 10>;

}  // namespace

TEST_CASE("rows come in order, again and again, with their labels and shares") {
  const test::TemporaryFolder folder;
  const Dataset data = digits_in(folder / "images");
  const ImageFile file(folder / "images");
  FileChunks chunks(file, data.labels, 200);
  CHECK(chunks.per_epoch() == 3);
  for (int epoch = 0; epoch < 2; ++epoch)
    for (const Index begin : {0, 200, 400}) {
      const auto [x, y, share] = chunks.next();
      const Index size = std::min<Index>(200, count - begin);
      REQUIRE(x.size() == size);
      CHECK(share == static_cast<float>(size) / count);
      CHECK(std::equal(y.begin(), y.end(), data.labels.begin() + begin, data.labels.begin() + begin + size));
      std::vector<float> numbers(static_cast<std::size_t>(size * 784));
      x.as_rows().load(0, size, numbers.data());
      CHECK(std::equal(numbers.begin(), numbers.end(), data.images.data() + begin * 784));
    }
  CHECK(FileChunks(file, data.labels, 10 * count).next().x.size() == count);
}

TEST_CASE("the chunks' gradients add up to the gradient of the mean, with the bits of chunks in memory") {
  const test::TemporaryFolder folder;
  const Dataset data = digits_in(folder / "images");
  const ImageFile file(folder / "images");
  const double scale = 1.0 / 255;
  Net from_file{Seed{2}}, in_memory{Seed{2}}, at_once{Seed{2}};
  double loss = 0;
  FileChunks chunks(file, data.labels, 150);
  for (Index i = 0; i < chunks.per_epoch(); ++i) {
    const auto [x, y, share] = chunks.next();
    auto part = cross_entropy(from_file(x * scale), y) * share;
    part.backward();
    loss += static_cast<double>(part.item());

    const RowSelection same = (data.images * scale).middle_rows(150 * i, x.size());
    (cross_entropy(in_memory(same), y) * share).backward();
  }
  auto whole = cross_entropy(at_once(data.images * scale), data.labels);
  whole.backward();
  CHECK(loss == doctest::Approx(static_cast<double>(whole.item())).epsilon(1e-6));
  const Eigen::VectorXf sum = flat_parameters(from_file)->gradient, exact = flat_parameters(at_once)->gradient;
  CHECK(sum == Eigen::VectorXf(flat_parameters(in_memory)->gradient));
  CHECK(exact.norm() > 0.01f);
  CHECK((sum - exact).norm() < 1e-6f * exact.norm());
}

TEST_CASE("what makes no sense is refused, and a file that becomes shorter noticed") {
  const test::TemporaryFolder folder;
  const Dataset data = digits_in(folder / "images");
  const ImageFile file(folder / "images");
  for (const Index size : {Index{0}, Index{-1}})
    CHECK(error_of([&] { FileChunks(file, data.labels, size); }).code() == ErrorCode::usage);
  const std::vector<std::uint8_t> few(5);
  CHECK(error_of([&] { FileChunks(file, few, 2); }).code() == ErrorCode::usage);
  FileChunks chunks(file, data.labels, 300);
  chunks.next();
  std::filesystem::resize_file(folder / "images", 16 + 350 * 784);
  const auto error = error_of([&] { chunks.next(); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(test::mentions(error, "image 350"));
}
