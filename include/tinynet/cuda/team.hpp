// Who does what concerns the rows of a tile: all warps of a block together, or groups of a few, each of which has 16
// rows and waits for nobody else.
#pragma once

#include <tinynet/cuda/step_plan.hpp>

namespace tinynet::detail::gpu {

/// Rows of a tile, in fragments of 16.
struct Rows {
  int first, fragments;
};

/// Groups of `Warps` warps of a block, for a tile of so many fragments, of which there may be no more than groups if
/// there are several. A phase ends with a barrier of each group.
template <class Block, int Warps>
struct Team {
  using Warp = typename Block::Warp;
  const Block& block;
  int fragments;

  /// How a product is divided among a group's warps, if the plan divides it so among all.
  static constexpr Division divide(Division d, int across) {
    return Warps == Block::warps ? d : Division{1, divide_up(across, Warps), 1};
  }

  /// Calls f(warp, rows, number, warps) for the warps of each group, 0 <= number < warps.
  template <class F>
  TINYNET_DEVICE void each_warp(const F& f) const {
    block.template each_warp_in_groups<Warps>([&](const Warp& warp) {
      const int group = warp.number() / Warps;
      if (Warps == Block::warps)
        f(warp, Rows{0, fragments}, warp.number(), Warps);
      else if (group < fragments)
        f(warp, Rows{group * fragment_rows, 1}, warp.number() % Warps, Warps);
    });
  }
  /// Calls f(rows, number, threads) for the threads of each group.
  template <class F>
  TINYNET_DEVICE void each_thread(const F& f) const {
    each_warp([&](const Warp& warp, Rows rows, int number, int warps) {
      warp.each_lane([&](int lane) { f(rows, number * warp_size + lane, warps * warp_size); });
    });
  }
};

}  // namespace tinynet::detail::gpu
