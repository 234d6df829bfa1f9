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
  /// A of bytes, and the B for it.
  using Bytes = typename Block::template PerLane<typename Arithmetic::Bytes>;
  using ByBytes = typename Block::template PerLane<typename Arithmetic::ByBytes>;

  /// Fills an operand: quad(i, t) is what lane number t of 4 has in row (or column) i of it.
  template <class From, int Quads, class F>
  TINYNET_DEVICE static void read(const Warp& warp, Operand<From, Quads>& operand, const F& quad) {
    warp.each_lane([&](int lane) {
      TINYNET_UNROLL
      for (int j = 0; j < Quads; ++j) operand[lane].set(j, quad(lane / 4 + 8 * j, lane % 4));
    });
  }

  /// sums[i * Columns + j] += left[i] right[j]. What goes into the same sum is far apart, since a tensor core begins
  /// others before it has a product ready.
  template <int Rows, int Columns, class A, class B>
  TINYNET_DEVICE static void multiply_add(const Warp& warp, Sum* sums, const A (&left)[Rows],
                                          const B (&right)[Columns]) {
    constexpr int terms_a = std::remove_cvref_t<decltype(left[0][0])>::Terms;
    constexpr int terms_b = std::remove_cvref_t<decltype(right[0][0])>::Terms;
    constexpr int orders = Rows * Columns <= 2 ? std::min(terms_a, terms_b) : 1;
    Sum parts[orders][Rows * Columns];  // where there are few sums, those of small products apart from the others
    each_pair_of_terms<terms_a, terms_b>([&](int s, int t) {
      TINYNET_UNROLL
      for (int i = 0; i < Rows; ++i) TINYNET_UNROLL
      for (int j = 0; j < Columns; ++j) {
        const int order = s + t < orders ? s + t : 0, n = i * Columns + j;
        warp.multiply_add(order == 0 ? sums[n] : parts[order][n], left[i], right[j], s, t);
      }
    });
    TINYNET_UNROLL
    for (int order = orders - 1; order > 0; --order) TINYNET_UNROLL
    for (int n = 0; n < Rows * Columns; ++n)
      warp.each_lane([&](int lane) {
        TINYNET_UNROLL
        for (int i = 0; i < 4; ++i) sums[n][lane].number[i] += parts[order][n][lane].number[i];
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

  /// A product of the team's fragments of rows x `across` fragments, each the sum of `depth` products, divided among
  /// its warps as D says: C[row][column] is the sum over k of those of A and B. a(row, k) gives four numbers from a k
  /// that is a multiple of 4, b(operand, column, k) puts them into what a lane keeps of B. Calls f(slice, row, column,
  /// sum).
  template <class From, Division D, class Team, class A, class B, class F>
  TINYNET_DEVICE static void multiply(Divided<D>, const Team& team, int across, int depth, const A& a, const B& b,
                                      const F& f) {
    constexpr int Rows = D.rows, Columns = D.columns, Slices = D.slices;
    team.each_warp([&](const Warp& warp, const auto& rows, int number, int warps) {
      const int shares_down = divide_up(rows.fragments, Rows),
                shares = shares_down * divide_up(across, Columns) * Slices;
      for (int share = number; share < shares; share += warps) {
        const int slice = share % Slices;
        const int row = rows.first + share / Slices % shares_down * Rows * fragment_rows;
        const int column = share / Slices / shares_down * Columns * fragment_columns;
        Sum sums[Rows * Columns];
        for (int d = slice; d < depth; d += Slices) {
          const auto k = [d](int t) { return d * fragment_depth + 4 * t; };
          Operand<Scalar, 1> right[Columns];
          TINYNET_UNROLL
          for (int j = 0; j < Columns; ++j)
            warp.each_lane([&](int lane) { b(right[j][lane], column + j * fragment_columns + lane / 4, k(lane % 4)); });
          Operand<From, 2> left[Rows];
          TINYNET_UNROLL
          for (int i = 0; i < Rows; ++i)
            read<From>(warp, left[i], [&](int r, int t) { return a(row + i * fragment_rows + r, k(t)); });
          multiply_add(warp, sums, left, right);
        }
        TINYNET_UNROLL
        for (int i = 0; i < Rows; ++i) {
          TINYNET_UNROLL
          for (int j = 0; j < Columns; ++j)
            each_number(warp, sums[i * Columns + j], [&](int r, int c, Scalar sum) {
              f(slice, row + i * fragment_rows + r, column + j * fragment_columns + c, sum);
            });
        }
      }
    });
  }
};

}  // namespace tinynet::detail::gpu
