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

/// A factor of a product, read element by element: a(i, k) = data[i * row_stride + k * depth_stride].
template <class Scalar>
struct Strided {
  const Scalar* data;
  Index row_stride, depth_stride;
};

/// Rows x Packs accumulators: acc(i, j) = start(i, j) + sum over k < depth of a(i, k) b[k * b_stride + j], then
/// finish(i, j, acc) for each.
template <Index Rows_, Index Packs, class Scalar, class Start, class Finish>
[[gnu::always_inline]] inline void product_block(Index depth, const Strided<Scalar>& a, const Scalar* b, Index b_stride,
                                                 const Start& start, const Finish& finish) {
  using P = Pack<Scalar>;
  P acc[Rows_][Packs];
  unrolled<Rows_>([&](auto i) { unrolled<Packs>([&](auto j) { acc[i][j] = start(i, j); }); });
  const Scalar* from = a.data;
  for (Index k = 0; k < depth; ++k, from += a.depth_stride, b += b_stride) {
    P bk[Packs];
    unrolled<Packs>([&](auto j) { bk[j] = P::load(b + j * P::size); });
    unrolled<Rows_>([&](auto i) {
      const P ai(from[i * a.row_stride]);
      unrolled<Packs>([&](auto j) { acc[i][j] = math::multiply_add(ai, bk[j], acc[i][j]); });
    });
  }
  unrolled<Rows_>([&](auto i) { unrolled<Packs>([&](auto j) { finish(i, j, acc[i][j]); }); });
}

/// The same for `rows` rows and `Packs` packs of columns: start(row, pack) and finish(row, pack, acc).
template <Index Packs, class Scalar, class Start, class Finish>
void product_panel(Index rows, Index depth, const Strided<Scalar>& a, const Scalar* b, Index b_stride,
                   const Start& start, const Finish& finish) {
  constexpr Index block = std::min<Index>(8, (simd_registers - Packs - 1) / Packs);
  Index row = 0;
  const auto run = [&]<Index Count>(std::integral_constant<Index, Count>) {
    product_block<Count, Packs>(
        depth, Strided<Scalar>{a.data + row * a.row_stride, a.row_stride, a.depth_stride}, b, b_stride,
        [&](auto i, auto j) { return start(row + i, Index{j}); },
        [&](auto i, auto j, Pack<Scalar> acc) { finish(row + i, Index{j}, acc); });
    row += Count;
  };
  while (row + block <= rows) run(std::integral_constant<Index, block>{});
  while (row < rows) run(std::integral_constant<Index, 1>{});
}

/// Calls f(first_pack, std::integral_constant<Index, count>) for panels of at most most_packs packs that cover Columns
/// (a multiple of the SIMD width).
template <class Scalar, Index Columns, class F>
void for_each_panel(const F& f) {
  constexpr Index packs = Columns / Pack<Scalar>::size;
  constexpr Index whole = packs / most_packs, rest = packs % most_packs;
  for (Index panel = 0; panel < whole; ++panel) f(panel * most_packs, std::integral_constant<Index, most_packs>{});
  if constexpr (rest != 0) f(whole * most_packs, std::integral_constant<Index, rest>{});
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

/// acc(j) += sum over the list of table[byte] * source[index * stride + j], for lists of (index << 8 | byte).
/// Two sets of accumulators, since a fused multiply-add takes four cycles and two can start in each.
template <Index Packs, class Scalar, class Entry>
[[gnu::always_inline]] inline void gather_list(const Entry* list, Index size, const ByteTable<Scalar>& table,
                                               const Scalar* source, Index stride, Pack<Scalar> (&acc)[Packs]) {
  using P = Pack<Scalar>;
  P other[Packs];
  unrolled<Packs>([&](auto j) { other[j] = P(Scalar(0)); });
  const auto add = [&](Entry entry, P(&to)[Packs]) {
    const P value(table[entry & 0xFF]);
    const Scalar* const from = source + static_cast<Index>(entry >> 8) * stride;
    unrolled<Packs>([&](auto j) { to[j] = math::multiply_add(value, P::load(from + j * P::size), to[j]); });
  };
  Index i = 0;
  for (; i + 2 <= size; i += 2) {
    add(list[i], acc);
    add(list[i + 1], other);
  }
  if (i < size) add(list[i], acc);
  unrolled<Packs>([&](auto j) { acc[j] += other[j]; });
}

/// target[index * stride + j] += table[byte] * x(j) for a list of (index << 8 | byte).
template <Index Packs, class Scalar, class Entry>
[[gnu::always_inline]] inline void scatter_list(const Entry* list, Index size, const ByteTable<Scalar>& table,
                                                const Pack<Scalar> (&x)[Packs], Scalar* target, Index stride) {
  using P = Pack<Scalar>;
  for (Index i = 0; i < size; ++i) {
    const P value(table[list[i] & 0xFF]);
    Scalar* const to = target + static_cast<Index>(list[i] >> 8) * stride;
    unrolled<Packs>(
        [&](auto j) { math::multiply_add(value, x[j], P::load(to + j * P::size)).store(to + j * P::size); });
  }
}

}  // namespace tinynet::detail
