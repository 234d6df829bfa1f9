// The weights of the first layer in the registers of the warps, where they are from the first tile of rows to the last:
// see StepPlan::held.
#pragma once

#include <tinynet/cuda/operands.hpp>
#include <tinynet/cuda/step_tiles.hpp>
#include <tinynet/cuda/warp_products.hpp>

namespace tinynet::detail::gpu {

/// What a warp holds.
template <class Block, class Arithmetic, class Plan>
class HeldWeights {
  using Scalar = typename Plan::Scalar;
  using Products = WarpProducts<Block, Arithmetic>;
  using Warp = typename Products::Warp;
  using Sum = typename Products::Sum;
  static constexpr Division d = Plan::held();
  static constexpr int pieces = Plan::held_pieces(), in_registers = pieces - Plan::pieces_in_shared;
  using Operand = typename Arithmetic::ByBytes;

 public:
  TINYNET_DEVICE void load(const Warp& warp, std::byte* shared, const Weights<typename Plan::Net, Scalar>& weights) {
    const Share share(warp);
    const auto each_operand = [&](const auto& f) {
      TINYNET_UNROLL
      for (int piece = 0; piece < pieces; ++piece) TINYNET_UNROLL
      for (int j = 0; j < d.columns; ++j)
        warp.each_lane([&](int lane) {
          f(lane, piece < in_registers ? weights_[piece][j][lane] : *in_shared(shared, warp, piece, j, lane), piece, j);
        });
    };
    // First the numbers themselves, which take as much room as the operand.
    typename Block::template PerLane<Scalar> most;
    warp.each_lane([&](int lane) { most[lane] = Scalar(0); });
    each_operand([&](int lane, Operand& operand, int piece, int j) {
      const auto quad =
          weights.template of_unit<0>(share.unit + j * fragment_columns + lane / 4, share.k(piece) + lane % 4 * 4);
      if constexpr (Arithmetic::scales) include_sizes(most[lane], quad);
      operand = std::bit_cast<Operand>(quad);
    });
    if constexpr (Arithmetic::scales) scale_ = power_of_two(warp.largest(most), 14);
    each_operand([&](int, Operand& operand, int, int) {
      const auto quad = std::bit_cast<Quad<Scalar>>(operand);
      operand.set(0, quad_of<Scalar>([&](int i) { return quad.number[i] * scale_; }));
    });
  }

  /// Calls put(slice, row, unit, number) for the parts of a tile's outputs that this warp computes.
  template <class F>
  TINYNET_DEVICE void multiply(const Warp& warp, std::byte* shared, const StepTiles<Plan>& tiles, int fragments,
                               const F& put) const {
    const Share share(warp);
    const Scalar unscale = Scalar(1) / scale_;
    TINYNET_KEEP_LOOP
    for (int f = 0; f < fragments; f += d.rows) {
      Sum sums[d.rows * d.columns];
      TINYNET_UNROLL
      for (int piece = 0; piece < pieces; ++piece) {
        if ((piece + 1) * d.slices * fragment_depth > Plan::columns(0) && share.k(piece) >= Plan::columns(0)) continue;
        typename Products::Bytes left[d.rows];
        typename Block::template PerLane<ByteBlocks<2 * d.rows>> blocks;
        warp.template read_blocks<false>(blocks, [&](int block, int r) {
          return tiles.template input<0>(f * fragment_rows + block * 8 + r) + share.k(piece);
        });
        TINYNET_UNROLL
        for (int i = 0; i < d.rows; ++i)
          warp.each_lane([&](int lane) {
            TINYNET_UNROLL
            for (int j = 0; j < 2; ++j) left[i][lane].set(j, FourBytes{blocks[lane].word[2 * i + j]});
          });
        if (piece < in_registers) {
          Products::multiply_add(warp, sums, left, weights_[piece]);
        } else {
          typename Products::ByBytes right[d.columns];
          TINYNET_UNROLL
          for (int j = 0; j < d.columns; ++j)
            warp.each_lane([&](int lane) { right[j][lane] = *in_shared(shared, warp, piece, j, lane); });
          Products::multiply_add(warp, sums, left, right);
        }
      }
      TINYNET_UNROLL
      for (int i = 0; i < d.rows; ++i) TINYNET_UNROLL
      for (int j = 0; j < d.columns; ++j)
        Products::each_number(warp, sums[i * d.columns + j], [&](int r, int c, Scalar sum) {
          put(share.slice, (f + i) * fragment_rows + r, share.unit + j * fragment_columns + c,
              sum * (Scalar(1) / Arithmetic::byte) * unscale);
        });
    }
  }

 private:
  struct Share {
    int slice, unit;

    TINYNET_DEVICE explicit Share(const Warp& warp)
        : slice(warp.number() % d.slices), unit(warp.number() / d.slices * d.columns * fragment_columns) {}
    TINYNET_DEVICE int k(int piece) const { return (piece * d.slices + slice) * fragment_depth; }
  };

  // One warp's after another.
  TINYNET_DEVICE static Operand* in_shared(std::byte* shared, const Warp& warp, int piece, int j, int lane) {
    return reinterpret_cast<Operand*>(shared + Plan::held_begin()) +
           ((piece - in_registers) * d.columns + j) * Plan::threads + warp.number() * warp_size + lane;
  }

  typename Products::ByBytes weights_[in_registers][d.columns];
  Scalar scale_ = Scalar(1);
};

}  // namespace tinynet::detail::gpu
