// Images and labels on a device.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <tinynet/data/batches.hpp>

#include "../cuda/emulated.hpp"

using namespace tinynet;
using test::emulated;

namespace {

Dataset some_data() {
  std::vector<std::uint8_t> pixels(12), labels{4, 0, 2};
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(20 * i);
  return {Images(pixels, 3, 2, 2), labels};
}

/// The numbers of rows on the device.
template <class X>
Matrix<float> numbers(const X& x) {
  const auto rows = x.as_rows();
  detail::DeviceMatrix<detail::On<float, test::Emulated>> loaded(rows.rows(), rows.cols());
  load(rows, loaded.data());
  return loaded.to(cpu);
}

}  // namespace

TEST_CASE("a data set goes there as it is") {
  const Dataset data = some_data();
  const Matrix<float> pixels = data.images.matrix().cast<float>();
  const auto there = data.to(emulated);
  CHECK(there.size() == 3);
  CHECK(there.images.height() == 2);
  CHECK(there.images.cols() == 4);
  CHECK(numbers(there.images) == pixels);
  CHECK(numbers(there.images * 0.5) == pixels * 0.5f);
  CHECK(numbers(there.images * 0.5 * 2) == pixels);
  CHECK(there.labels.to(cpu) == std::vector<std::int32_t>{4, 0, 2});
  const auto copy = there.images;
  CHECK(numbers(copy) == pixels);
}

TEST_CASE("its batches are those of the CPU, in the same order") {
  const Dataset data = some_data();
  const auto there = data.to(emulated);
  auto here_batches = batches(data, 2, {.seed = Seed{5}});
  auto there_batches = batches(there, 2, {.seed = Seed{5}});
  CHECK(there_batches.per_epoch() == 2);
  for (int i = 0; i < 7; ++i) {
    const auto [x, y] = here_batches.next();
    const auto batch = there_batches.next();
    Matrix<float> expected(x.size(), 4);
    const float* const loaded = x.as_rows().load(0, x.size(), expected.data());
    CHECK(numbers(batch.x) == ConstMatrixView<float>(loaded, x.size(), 4));
    CHECK(batch.y.to(cpu) == std::vector<std::int32_t>(y.begin(), y.end()));
  }
  auto full = batches(there, 2, {.seed = Seed{5}, .drop_last = true});
  auto full_here = batches(data, 2, {.seed = Seed{5}, .drop_last = true});
  CHECK(full.per_epoch() == 1);
  for (int i = 0; i < 4; ++i) {
    const auto labels = full_here.next().y;
    CHECK(full.next().y.to(cpu) == std::vector<std::int32_t>(labels.begin(), labels.end()));
  }
  const DeviceLabels few(std::vector<int>{1}, emulated);
  CHECK_THROWS_WITH_AS(DeviceBatches(there.images, few, 2),
                       "Batches: expected one label a row, found 3 rows and 1 labels", Error);
}

TEST_CASE("all memory goes back") { CHECK(test::emulated_blocks == 0); }
