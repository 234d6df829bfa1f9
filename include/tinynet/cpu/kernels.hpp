// The innermost loops of the fused training step. Matrices are row-major with rows padded to whole SIMD packs, so that
// no loop has a tail; accumulators stay in registers.
#pragma once

#include <array>
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

/// Calls f(std::integral_constant<Index, i>{}) for i in [0, Count). The calls are written out while compiling: an array
/// of accumulators indexed by constants stays in registers, which a loop that is unrolled late does not ensure.
template <Index Count, class F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
  [&]<Index... I>(std::integer_sequence<Index, I...>) { (f(std::integral_constant<Index, I>{}), ...); }
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

/// c = start + a b for Rows_ rows and Packs packs of columns; start is 0 if it has no data.
template <Index Rows_, Index Packs, class Scalar>
[[gnu::always_inline]] inline void multiply_block(Index depth, const Strided<Scalar>& a, Tile<const Scalar> b,
                                                  Tile<const Scalar> start, Tile<Scalar> c) {
  using P = Pack<Scalar>;
  P acc[Rows_][Packs];
  unrolled<Rows_>([&](auto i) {
    unrolled<Packs>(
        [&](auto j) { acc[i][j] = start.data == nullptr ? P(Scalar(0)) : P::load(start.at(i, j * P::size)); });
  });
  const Scalar *from = a.data, *row = b.data;
  for (Index k = 0; k < depth; ++k, from += a.depth_stride, row += b.stride) {
    P bk[Packs];
    unrolled<Packs>([&](auto j) { bk[j] = P::load(row + j * P::size); });
    unrolled<Rows_>([&](auto i) {
      const P ai(from[i * a.row_stride]);
      unrolled<Packs>([&](auto j) { acc[i][j] = math::multiply_add(ai, bk[j], acc[i][j]); });
    });
  }
  unrolled<Rows_>([&](auto i) { unrolled<Packs>([&](auto j) { acc[i][j].store(c.at(i, j * P::size)); }); });
}

/// c = start + a b: `rows` x `columns` (whole packs), `depth` products each. start may be c.
template <class Scalar>
void multiply_tile(Index rows, Index columns, Index depth, const Strided<Scalar>& a, Tile<const Scalar> b,
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
    while (row < rows) run(std::integral_constant<Index, 1>{});
  });
}

/// What each byte stands for: reading it from here and spreading it over a pack is a single load.
template <class Scalar>
using ByteTable = std::array<Scalar, 256>;

template <class Scalar>
ByteTable<Scalar> make_byte_table(double scale) {
  ByteTable<Scalar> table;
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<Scalar>(i) * static_cast<Scalar>(scale);
  return table;
}

/// c(i) = start(i) + sum over list i of table[byte] * source(index), for `count` lists of (index << 8 | byte), which
/// `lists(i)` gives as a span; rows of `columns` numbers (whole packs). start may be c.
template <class Scalar, class Lists>
void gather_tile(Index count, Index columns, const Lists& lists, const ByteTable<Scalar>& table,
                 Tile<const Scalar> source, Tile<const Scalar> start, Tile<Scalar> c) {
  using P = Pack<Scalar>;
  for_each_panel<Scalar>(columns, [&](Index column, auto packs) {
    const Scalar* const panel = source.data + column;
    for (Index i = 0; i < count; ++i) {
      // Two sets of sums, since a fused multiply-add takes four cycles and two can start in each.
      P acc[packs()], other[packs()];
      unrolled<packs()>([&](auto j) {
        acc[j] = start.data == nullptr ? P(Scalar(0)) : P::load(start.at(i, column + j * P::size));
        other[j] = P(Scalar(0));
      });
      const auto add = [&](auto entry, P(&to)[packs()]) {
        const P value(table[entry & 0xFF]);
        const Scalar* const from = panel + static_cast<Index>(entry >> 8) * source.stride;
        unrolled<packs()>([&](auto j) { to[j] = math::multiply_add(value, P::load(from + j * P::size), to[j]); });
      };
      const auto list = lists(i);
      const std::size_t size = list.size();
      std::size_t e = 0;
      for (; e + 2 <= size; e += 2) {
        add(list[e], acc);
        add(list[e + 1], other);
      }
      if (e < size) add(list[e], acc);
      unrolled<packs()>([&](auto j) { (acc[j] + other[j]).store(c.at(i, column + j * P::size)); });
    }
  });
}

/// target(index) += table[byte] * x(i) for every entry (index << 8 | byte) of every list i.
template <class Scalar, class Lists>
void scatter_tile(Index count, Index columns, const Lists& lists, const ByteTable<Scalar>& table, Tile<const Scalar> x,
                  Tile<Scalar> target) {
  using P = Pack<Scalar>;
  for_each_panel<Scalar>(columns, [&](Index column, auto packs) {
    for (Index i = 0; i < count; ++i) {
      P xi[packs()];
      unrolled<packs()>([&](auto j) { xi[j] = P::load(x.at(i, column + j * P::size)); });
      for (const auto entry : lists(i)) {
        const P value(table[entry & 0xFF]);
        Scalar* const to = target.at(static_cast<Index>(entry >> 8), column);
        unrolled<packs()>(
            [&](auto j) { math::multiply_add(value, xi[j], P::load(to + j * P::size)).store(to + j * P::size); });
      }
    }
  });
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
