#include <doctest/doctest.h>

#include <tinynet/autodiff/functions.hpp>
#include <tinynet/cuda/step_tiles.hpp>
#include <vector>

namespace gpu = tinynet::detail::gpu;

TEST_CASE("what is written to one tile is in no other, and all is in shared memory") {
  using Plan = gpu::StepPlan<decltype(gpu::perceptron<200, 5, 3>(tinynet::functions::Tanh{})), float, std::uint8_t, 16>;
  std::vector<std::byte> shared(static_cast<std::size_t>(Plan::shared_bytes()));
  const gpu::StepTiles<Plan> tiles(shared.data());
  const auto fill = [](auto* row, int count, int number) {
    for (int i = 0; i < count; ++i) row[i] = static_cast<std::remove_pointer_t<decltype(row)>>(number);
  };
  const auto filled = [](const auto* row, int count, int number) {
    bool same = true;
    for (int i = 0; i < count; ++i) same = same && static_cast<int>(row[i]) == number;
    return same;
  };
  constexpr int slices = Plan::forward(0).slices;
  static_assert(slices > 1);
  const auto visit = [&](const auto& f) {
    for (int r = 0; r < Plan::tile_rows; ++r) {
      f(&tiles.loss(r), 1, r);
      f(tiles.input<0>(r), Plan::columns(0), 100 + r);
      f(tiles.input<1>(r), Plan::columns(1), 200 + r);
      f(tiles.input<2>(r), Plan::columns(2), 300 + r);
      f(tiles.delta<0>(r), Plan::delta_stride(0), 400 + r);
      f(tiles.delta<1>(r), Plan::delta_stride(1), 500 + r);
      for (int slice = 0; slice < slices; ++slice)
        f(tiles.slice<0>(slice, r), Plan::slice_stride(0), 600 + 20 * slice + r);
    }
  };
  visit(fill);
  visit([&](const auto* row, int count, int number) { CHECK(filled(row, count, number)); });
}
