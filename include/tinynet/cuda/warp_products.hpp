// Matrix products of any size by the warps of a block.
#pragma once

#include <tinynet/cuda/step_plan.hpp>

namespace tinynet::detail::gpu {

/// What the warps of a kind of block do with fragments, in one of the two arithmetics.
template <class Block, class Arithmetic>
struct WarpProducts {
  using Scalar = typename Arithmetic::Scalar;
  using Warp = typename Block::Warp;
  /// C, and A (Quads = 2) or B (Quads = 1) of numbers that come from numbers of type From.
  using Sum = typename Block::template PerLane<Sums<Scalar>>;
  template <class From, int Quads>
  using Operand = typename Block::template PerLane<typename Arithmetic::template Operand<From, Quads>>;

  /// Fills an operand: quad(i, t) is what lane number t of 4 has in row (or column) i of it.
  template <class From, int Quads, class F>
  TINYNET_DEVICE static void read(const Warp& warp, Operand<From, Quads>& operand, const F& quad) {
    warp.each_lane([&](int lane) {
      TINYNET_UNROLL
      for (int j = 0; j < Quads; ++j) operand[lane].set(j, quad(lane / 4 + 8 * j, lane % 4));
    });
  }

  /// Calls f(row, column, number) for the numbers of a sum.
  template <class F>
  TINYNET_DEVICE static void each_number(const Warp& warp, Sum& sum, const F& f) {
    warp.each_lane([&](int lane) {
      TINYNET_UNROLL
      for (int i = 0; i < 4; ++i) {
        const Place place = place_in_c(lane, i);
        f(place.row, place.column, sum[lane].number[i]);
      }
    });
  }

  /// A product of `down` x `across` fragments, each the sum of `depth` products, divided among the warps as D says:
  /// C[row][column] is the sum over k of a(row, k) b(column, k), which give four numbers, from a k that is a multiple
  /// of 4. Calls f(slice, row, column, sum).
  template <class From, int Rows, int Columns, int Slices, class A, class B, class F>
  TINYNET_DEVICE static void multiply(const Block& block, int down, int across, int depth, const A& a, const B& b,
                                      const F& f) {
    block.each_warp([&](const Warp& warp) {
      const int shares_down = divide_up(down, Rows), shares = shares_down * divide_up(across, Columns) * Slices;
      for (int share = warp.number(); share < shares; share += Block::warps) {
        const int slice = share % Slices;
        const int row = share / Slices % shares_down * Rows * fragment_rows;
        const int column = share / Slices / shares_down * Columns * fragment_columns;
        Sum sums[Rows][Columns];
        for (int d = slice; d < depth; d += Slices) {
          const auto k = [d](int t) { return d * fragment_depth + 4 * t; };
          Operand<Scalar, 1> right[Columns];
          TINYNET_UNROLL
          for (int j = 0; j < Columns; ++j)
            read<Scalar>(warp, right[j], [&](int c, int t) { return b(column + j * fragment_columns + c, k(t)); });
          TINYNET_UNROLL
          for (int i = 0; i < Rows; ++i) {
            Operand<From, 2> left;
            read<From>(warp, left, [&](int r, int t) { return a(row + i * fragment_rows + r, k(t)); });
            TINYNET_UNROLL
            for (int j = 0; j < Columns; ++j) warp.multiply_add(sums[i][j], left, right[j]);
          }
        }
        TINYNET_UNROLL
        for (int i = 0; i < Rows; ++i) {
          TINYNET_UNROLL
          for (int j = 0; j < Columns; ++j)
            each_number(warp, sums[i][j], [&](int r, int c, Scalar sum) {
              f(slice, row + i * fragment_rows + r, column + j * fragment_columns + c, sum);
            });
        }
      }
    });
  }
};

}  // namespace tinynet::detail::gpu
