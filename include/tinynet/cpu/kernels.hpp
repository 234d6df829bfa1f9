// The innermost loops of the fused training step. Matrices are row-major with rows padded to whole SIMD packs, so that
// no loop has a tail; accumulators stay in registers.
#pragma once

#include <cstdint>
#include <tinynet/core/math.hpp>
#include <utility>

namespace tinynet::detail {

/// n rounded up to a multiple of the SIMD width.
template <class Scalar>
constexpr Index padded(Index n) {
  return (n + Pack<Scalar>::size - 1) / Pack<Scalar>::size * Pack<Scalar>::size;
}

#if defined(EIGEN_VECTORIZE_AVX512) || defined(EIGEN_VECTORIZE_NEON)
inline constexpr Index simd_registers = 32;
#else
inline constexpr Index simd_registers = 16;
#endif

/// How many packs of columns a kernel works on at a time, at most.
inline constexpr Index most_packs = 4;

// For the lambdas of the innermost loops: what is not inlined keeps its accumulators in memory.
#ifdef __GNUC__
#define TINYNET_INLINE __attribute__((always_inline))
#else
#define TINYNET_INLINE
#endif

/// Calls f(std::integral_constant<Index, i>{}) for i in [0, Count). The calls are written out while compiling: an array
/// of accumulators indexed by constants stays in registers, which a loop that is unrolled late does not ensure.
template <Index Count, class F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
  [&]<Index... I>(std::integer_sequence<Index, I...>) TINYNET_INLINE { (f(std::integral_constant<Index, I>{}), ...); }
  (std::make_integer_sequence<Index, Count>{});
}

/// Calls f(first_column, std::integral_constant<Index, packs>{}) for panels of at most most_packs packs that cover
/// `columns` columns, a multiple of the SIMD width.
template <class Scalar, class F>
void for_each_panel(Index columns, const F& f) {
  constexpr Index size = Pack<Scalar>::size;
  Index column = 0;
  for (; column + most_packs * size <= columns; column += most_packs * size)
    f(column, std::integral_constant<Index, most_packs>{});
  switch ((columns - column) / size) {
    case 3:
      return f(column, std::integral_constant<Index, 3>{});
    case 2:
      return f(column, std::integral_constant<Index, 2>{});
    case 1:
      return f(column, std::integral_constant<Index, 1>{});
    default:
      return;
  }
}

/// A factor of a product, read element by element: a(i, k) = data[i * row_stride + k * depth_stride].
template <class Scalar>
struct Strided {
  const Scalar* data;
  Index row_stride, depth_stride;
};

/// A matrix of which whole packs of columns are read or written.
template <class Number>
struct Tile {
  Number* data;
  Index stride;  // from row to row; 0 repeats one row

  Number* at(Index row, Index column) const { return data + row * stride + column; }
};

/// Some rows of a tile by their numbers, or without numbers the first `count`.
struct TileRows {
  Index count;
  const std::uint8_t* number = nullptr;
};

/// c = start + a b for Rows_ rows and Packs packs of columns; start is 0 if it has no data. The sum runs over those of
/// a's columns and b's rows that `depth` says.
template <Index Rows_, Index Packs, class Scalar>
[[gnu::always_inline]] inline void multiply_block(TileRows depth, const Strided<Scalar>& a, Tile<const Scalar> b,
                                                  Tile<const Scalar> start, Tile<Scalar> c) {
  using P = Pack<Scalar>;
  P acc[Rows_][Packs];
  unrolled<Rows_ * Packs>([&](auto n) TINYNET_INLINE {
    constexpr Index i = n / Packs, j = n % Packs;
    acc[i][j] = start.data == nullptr ? P(Scalar(0)) : P::load(start.at(i, j * P::size));
  });
  for (Index n = 0; n < depth.count; ++n) {
    const Index k = depth.number == nullptr ? n : depth.number[n];
    const Scalar *const from = a.data + k * a.depth_stride, *const row = b.at(k, 0);
    P bk[Packs];
    unrolled<Packs>([&](auto j) TINYNET_INLINE { bk[j] = P::load(row + j * P::size); });
    unrolled<Rows_>([&](auto i) TINYNET_INLINE {
      const P ai(from[i * a.row_stride]);
      unrolled<Packs>([&](auto j) TINYNET_INLINE { acc[i][j] = math::multiply_add(ai, bk[j], acc[i][j]); });
    });
  }
  unrolled<Rows_ * Packs>([&](auto n) TINYNET_INLINE {
    constexpr Index i = n / Packs, j = n % Packs;
    acc[i][j].store(c.at(i, j * P::size));
  });
}

/// c = start + a b: `rows` x `columns` (whole packs); see multiply_block. start may be c.
template <class Scalar>
void multiply_tile(Index rows, Index columns, TileRows depth, const Strided<Scalar>& a, Tile<const Scalar> b,
                   Tile<const Scalar> start, Tile<Scalar> c) {
  for_each_panel<Scalar>(columns, [&](Index column, auto packs) {
    constexpr Index block = std::min<Index>(8, (simd_registers - packs() - 1) / packs());
    Index row = 0;
    const auto run = [&](auto count) {
      multiply_block<count(), packs()>(
          depth, Strided<Scalar>{a.data + row * a.row_stride, a.row_stride, a.depth_stride},
          Tile<const Scalar>{b.at(0, column), b.stride},
          Tile<const Scalar>{start.data == nullptr ? nullptr : start.at(row, column), start.stride},
          Tile<Scalar>{c.at(row, column), c.stride});
      row += count;
    };
    while (row + block <= rows) run(std::integral_constant<Index, block>{});
    if (row + 4 <= rows) run(std::integral_constant<Index, 4>{});
    if (row + 2 <= rows) run(std::integral_constant<Index, 2>{});
    while (row < rows) run(std::integral_constant<Index, 1>{});
  });
}

/// Writes the numbers of those of the first `rows` rows in which the pack at `column` is not all 0; returns how many.
template <class Scalar>
Index nonzero_rows(Index rows, Index column, Tile<const Scalar> x, std::uint8_t* number) {
  Index count = 0;
  for (Index r = 0; r < rows; ++r) {
    number[count] = static_cast<std::uint8_t>(r);
    count += Pack<Scalar>::load(x.at(r, column)).any() ? 1 : 0;
  }
  return count;
}

/// How many columns are left without the last ones, those that are 0 in all rows.
template <class Scalar>
Index used_columns(Index rows, Index columns, Tile<const Scalar> x) {
  using P = Pack<Scalar>;
  for (Index column = columns - P::size; column >= 0; column -= P::size) {
    P total(Scalar(0));
    for (Index r = 0; r < rows; ++r) total += math::abs(P::load(x.at(r, column)));
    alignas(64) Scalar numbers[P::size];
    total.store(numbers);
    for (Index j = P::size; j > 0; --j)
      if (numbers[j - 1] != Scalar(0)) return column + j;
  }
  return 0;
}

/// sum[j] += the sum of column j over the rows, added in Scalar and then to the double.
template <class Scalar>
void add_column_sums(Index rows, Index columns, Tile<const Scalar> x, double* sum) {
  using P = Pack<Scalar>;
  for (Index column = 0; column < columns; column += P::size) {
    P acc(Scalar(0));
    for (Index r = 0; r < rows; ++r) acc += P::load(x.at(r, column));
    alignas(64) Scalar numbers[P::size];
    acc.store(numbers);
    for (Index j = 0; j < P::size; ++j) sum[column + j] += static_cast<double>(numbers[j]);
  }
}

}  // namespace tinynet::detail
