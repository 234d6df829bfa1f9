#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <tinynet/data/file_batches.hpp>
#include <tinynet/data/image_file.hpp>
#include <tinynet/io/safetensors_rows.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "make_idx.hpp"

using namespace tinynet;
using test::Bytes;
using test::error_of;

namespace {

constexpr Index count = 700, side = 9;

// Pictures of which the given parts of the pixels are not 0, in turns.
Dataset pictures(const std::vector<double>& densities) {
  std::mt19937 random(5);
  std::vector<std::uint8_t> pixels, labels;
  for (Index i = 0; i < count; ++i) {
    const auto limit = static_cast<std::uint32_t>(densities[static_cast<std::size_t>(i) % densities.size()] * 1000);
    for (Index p = 0; p < side * side; ++p)
      pixels.push_back(random() % 1000 < limit ? static_cast<std::uint8_t>(1 + random() % 255) : std::uint8_t{0});
    labels.push_back(static_cast<std::uint8_t>(random() % 10));
  }
  return {Images(std::move(pixels), count, side, side), std::move(labels)};
}

void write(const std::string& path, const Images& images) {
  Bytes content = test::idx(8, {static_cast<std::uint32_t>(count), side, side}, 0);
  content.insert(content.end(), images.data(), images.data() + count * side * side);
  test::write_bytes(path, content);
}

// The weights after some steps of a net of its own.
template <class B>
Eigen::VectorXf trained(B&& batches, double scale) {
  MLP<side * side, 20, 12, 10> net{Seed{1}};
  Adam optimizer{net, {.lr = 0.01}};
  for (Index i = 0; i < 3 * batches.per_epoch() + 1; ++i) {
    const auto [x, y] = batches.next();
    auto loss = cross_entropy(net(x * scale), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  return flat_parameters(net)->value;
}

}  // namespace

TEST_CASE("training from the file gives the same bits as training in memory") {
  const test::TemporaryFolder folder;
  // Few pixels that are not 0, many, and few altogether while some batches of the file's order have more than half.
  const std::vector<std::vector<double>> kinds{{0.2}, {0.9}, {0.49}, {0.05, 0.05, 0.95}};
  for (const auto& densities : kinds) {
    const Dataset data = pictures(densities);
    write(folder / "images", data.images);
    const ImageFile file(folder / "images");
    for (const Index size : {Index{1}, Index{7}, Index{64}, count, 2 * count})
      for (const bool shuffle : {true, false}) {
        CAPTURE(densities.size());
        CAPTURE(densities[0]);
        CAPTURE(size);
        CAPTURE(shuffle);
        if (size == 1 && !shuffle) continue;
        const BatchOptions options{.shuffle = shuffle, .seed = {3}};
        const auto in_memory = trained(Batches(data.images, data.labels, size, options), 1.0 / 255);
        const auto from_file = trained(FileBatches(file, data.labels, size, options), 1.0 / 255);
        CHECK(in_memory.allFinite());
        CHECK(in_memory == from_file);
      }
  }
}

TEST_CASE("the same of a tensor of a safetensors file, with labels of another type") {
  const test::TemporaryFolder folder;
  const Dataset data = pictures({0.9});
  const Matrix<float> x = data.images.matrix().cast<float>() / 255;
  save_safetensors<float>(folder / "a", {{.name = "x", .shape = {count, side, side}, .data = x.data()}});
  const std::vector<int> labels(data.labels.begin(), data.labels.end());
  const SafetensorsRows<float> file(folder / "a", "x");
  const BatchOptions options{.seed = {4}};
  CHECK(trained(Batches(x, labels, 50, options), 1) == trained(FileBatches(file, labels, 50, options), 1));
  const BatchOptions full{.seed = {4}, .drop_last = true};  // 700 = 2 * 300 + 100
  CHECK(FileBatches(file, labels, 300, full).per_epoch() == 2);
  CHECK(trained(Batches(x, labels, 300, full), 1) == trained(FileBatches(file, labels, 300, full), 1));
}

TEST_CASE("batches that are skipped are those that would have been taken") {
  const test::TemporaryFolder folder;
  const Dataset data = pictures({0.2});
  write(folder / "images", data.images);
  const ImageFile file(folder / "images");
  FileBatches taken(file, data.labels, 300), passed(file, data.labels, 300);
  CHECK(taken.per_epoch() == 3);
  for (int i = 0; i < 4; ++i) taken.next();
  passed.skip(4);
  const auto a = taken.next(), b = passed.next();
  CHECK(std::vector(a.y.begin(), a.y.end()) == std::vector(b.y.begin(), b.y.end()));
  std::vector<float> left(300 * side * side), right(left.size());
  a.x.as_rows().load(0, 300, left.data());
  b.x.as_rows().load(0, 300, right.data());
  CHECK(left == right);
}

TEST_CASE("what makes no sense is refused, and a file that becomes shorter noticed") {
  const test::TemporaryFolder folder;
  Dataset data = pictures({0.2});
  write(folder / "images", data.images);
  const ImageFile file(folder / "images");
  CHECK(error_of([&] { FileBatches(file, data.labels, 0); }).code() == ErrorCode::usage);
  const std::vector<std::uint8_t> few(5);
  CHECK(error_of([&] { FileBatches(file, few, 2); }).code() == ErrorCode::usage);
  FileBatches batches(file, data.labels, count);
  batches.next();
  std::filesystem::resize_file(folder / "images", 1000);
  CHECK(error_of([&] { batches.next(); }).code() == ErrorCode::data);
  CHECK(error_of([&] { FileBatches(file, data.labels, 2); }).code() == ErrorCode::data);
}
