#include <doctest/doctest.h>

#include <tinynet/autodiff/functions.hpp>
#include <tinynet/cuda/step_plan.hpp>
#include <vector>

namespace gpu = tinynet::detail::gpu;

namespace {

template <int... Sizes>
using Net = decltype(gpu::perceptron<Sizes...>(tinynet::functions::ReLU{}));
using Main = Net<784, 30, 30, 10>;
constexpr int kilobyte = 1024;

// Pieces of shared memory follow each other on addresses that four numbers can be read from at once.
template <class Plan>
void check_layout() {
  std::vector<int> begins;
  for (int l = 0; l <= Plan::layers; ++l) {
    begins.push_back(Plan::tile_begin(l));
    CHECK(Plan::stride(l) >= Plan::columns(l));
    CHECK(Plan::stride(l) % 4 == 0);
  }
  for (int l = 0; l < Plan::layers; ++l) {
    begins.push_back(Plan::delta_begin(l));
    CHECK(Plan::delta_stride(l) >= Plan::out(l));
    CHECK(Plan::forward(l).slices <= Plan::columns(l) / 16);
    CHECK(Plan::tile_rows / 16 % Plan::forward(l).rows == 0);
  }
  begins.push_back(Plan::slices_begin());
  for (const int begin : begins) CHECK(begin % 32 == 0);
  for (std::size_t i = 1; i < begins.size(); ++i) CHECK(begins[i] > begins[i - 1]);
  CHECK(Plan::shared_bytes() >= begins.back());
}

}  // namespace

static_assert(gpu::fits<Main, float, std::uint8_t, 64 * kilobyte>);
static_assert(gpu::largest_tile<Main, float, std::uint8_t>(99 * kilobyte) == 32);
static_assert(gpu::largest_tile<Main, float, std::uint8_t>(227 * kilobyte) == 64);
static_assert(gpu::fits<Main, float, float, 99 * kilobyte>);
static_assert(!gpu::fits<Net<100000, 30, 10>, float, std::uint8_t, 227 * kilobyte>);
static_assert(!gpu::fits<Net<784, 4000, 10>, float, std::uint8_t, 227 * kilobyte>);

// The main job's weights and sums stay in registers: 13 pieces of 2 fragments each, and one of each small layer.
using MainPlan = gpu::StepPlan<Main, float, std::uint8_t, 64>;
static_assert(MainPlan::keeps(0) && MainPlan::keeps(1) && MainPlan::keeps(2) && MainPlan::kept_before(3) == 28);
static_assert(!gpu::StepPlan<Net<784, 128, 128, 10>, float, std::uint8_t, 32>::keeps(0));

TEST_CASE("tiles do not overlap") {
  check_layout<MainPlan>();
  check_layout<gpu::StepPlan<Net<784, 128, 128, 10>, float, float, 32>>();
  check_layout<gpu::StepPlan<Net<1, 1, 1>, double, std::uint8_t, 16>>();
  check_layout<gpu::StepPlan<Net<3, 7, 5, 2>, double, double, 64>>();
}

TEST_CASE("parts are whole fragments but for the last, nearly equal, and as many as the rows say") {
  for (const std::int64_t rows : {1, 7, 16, 31, 32, 33, 64, 1000, 60000, 1000000}) {
    const gpu::Parts parts(rows);
    CHECK(parts.begin(0) == 0);
    CHECK(parts.end(parts.count() - 1) == rows);
    std::int64_t least = rows, most = 0;
    for (int part = 0; part < parts.count(); ++part) {
      CHECK(parts.begin(part) % 16 == 0);
      const std::int64_t groups = (parts.end(part) - parts.begin(part) + 15) / 16;
      least = std::min(least, groups);
      most = std::max(most, groups);
    }
    CHECK(least > 0);
    CHECK(most - least <= 1);
  }
  CHECK(gpu::Parts(1).count() == 1);
  CHECK(gpu::Parts(64).count() == 2);
  CHECK(gpu::Parts(60000).count() == 132);
}
