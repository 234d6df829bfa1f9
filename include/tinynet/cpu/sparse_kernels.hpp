// The innermost loops over lists of nonzero bytes: a sparse matrix times a dense one, and its transpose times one.
#pragma once

#include <array>
#include <tinynet/core/sparse_rows.hpp>
#include <tinynet/cpu/kernels.hpp>

namespace tinynet::detail {

/// c = start + the sum over a list of scale * value * source(index, .), for Packs packs of columns.
template <Index Packs, class Scalar, class List>
[[gnu::always_inline]] inline void gather_list(const List list, Scalar scale, Tile<const Scalar> source,
                                               const Scalar* start, Scalar* c) {
  using P = Pack<Scalar>;
  // Several sets of sums, since a fused multiply-add takes four cycles and one or two can start in each.
  constexpr Index sets = Packs == 1 ? 4 : 2;
  P acc[sets][Packs];
  unrolled<sets>([&](auto set)
                     TINYNET_INLINE { unrolled<Packs>([&](auto j) TINYNET_INLINE { acc[set][j] = P(Scalar(0)); }); });
  if (start != nullptr) unrolled<Packs>([&](auto j) TINYNET_INLINE { acc[0][j] = P::load(start + j * P::size); });
  const auto add = [&](auto set, Index index, P value) TINYNET_INLINE {
    const Scalar* const from = source.data + index * source.stride;
    unrolled<Packs>([&](auto j) TINYNET_INLINE {
      acc[set][j] = math::multiply_add(value, P::load(from + j * P::size), acc[set][j]);
    });
  };
  static_assert(P::size <= static_cast<Index>(SparseList<std::uint8_t>::slack));
  alignas(64) Scalar values[P::size];
  const P factor(scale);
  Index e = 0;
  constexpr Index step = std::min<Index>(P::size, 8);
  for (; e + step <= list.size; e += step) {
    const P several = P::load_bytes(list.value + e) * factor;
    if constexpr (simd_registers < 32) several.store(values);
    unrolled<step>([&](auto k) TINYNET_INLINE {
      // With registers enough for the patterns that it takes, a number is spread without another load.
      const P value = simd_registers == 32 ? several.template spread<k>() : P(values[k]);
      add(std::integral_constant<Index, k % sets>{}, list.index[e + k], value);
    });
  }
  if (const Index rest = list.size - e; rest > 0) {
    constexpr std::integral_constant<Index, 0> first;
    constexpr std::integral_constant<Index, 1> second;
    (P::load_bytes(list.value + e) * factor).store(values);
    Index k = 0;
    for (; k + 2 <= rest; k += 2) {
      add(first, list.index[e + k], P(values[k]));
      add(second, list.index[e + k + 1], P(values[k + 1]));
    }
    if (k < rest) add(first, list.index[e + k], P(values[k]));
  }
  unrolled<Packs>([&](auto j) TINYNET_INLINE {
    P total = acc[0][j] + acc[1][j];
    if constexpr (sets == 4) total += acc[2][j] + acc[3][j];
    total.store(c + j * P::size);
  });
}

/// c(n) = start(n) + the sum over the list with number n, for `count` lists that `lists(0)`, `lists(1)`, ... give;
/// `columns` numbers (whole packs) a row. start may be c.
template <class Scalar, class Lists>
void gather_tile(Index count, Index columns, const Lists& lists, Scalar scale, Tile<const Scalar> source,
                 Tile<const Scalar> start, Tile<Scalar> c) {
  for_each_panel<Scalar>(columns, [=](Index column, auto packs) {
    const Tile<const Scalar> panel{source.data + column, source.stride};
    for (Index i = 0; i < count; ++i) {
      const auto list = lists(i);
      gather_list<packs()>(list, scale, panel, start.data == nullptr ? nullptr : start.at(list.number, column),
                           c.at(list.number, column));
    }
  });
}

/// target(index, .) += value * x for every entry of a list, for Packs packs of columns.
template <Index Packs, class Scalar, class List>
[[gnu::always_inline]] inline void scatter_list(const List list, const Pack<Scalar> (&x)[Packs], Tile<Scalar> target) {
  using P = Pack<Scalar>;
  const auto add = [&](Index index, P value) TINYNET_INLINE {
    Scalar* const to = target.data + index * target.stride;
    unrolled<Packs>([&](auto j) TINYNET_INLINE {
      math::multiply_add(value, x[j], P::load(to + j * P::size)).store(to + j * P::size);
    });
  };
  alignas(64) Scalar values[P::size];
  Index e = 0;
  constexpr Index step = std::min<Index>(P::size, 8);
  for (; e + step <= list.size; e += step) {
    const P several = P::load_bytes(list.value + e);
    if constexpr (simd_registers < 32) several.store(values);
    unrolled<step>([&](auto k) TINYNET_INLINE {
      add(list.index[e + k], simd_registers == 32 ? several.template spread<k>() : P(values[k]));
    });
  }
  for (; e < list.size; ++e) add(list.index[e], P(list.value[e]));
}

/// target(index) += scale * value * x(n) for every entry of the list with number n, for those of `lists(0)`,
/// `lists(1)`, ... that `which` says.
template <class Scalar, class Lists>
void scatter_tile(TileRows which, Index columns, const Lists& lists, Scalar scale, Tile<const Scalar> x,
                  Tile<Scalar> target) {
  using P = Pack<Scalar>;
  for_each_panel<Scalar>(columns, [=](Index column, auto packs) {
    const Tile<Scalar> panel{target.at(0, column), target.stride};
    for (Index n = 0; n < which.count; ++n) {
      const auto list = lists(which.number == nullptr ? n : which.number[n]);
      P xi[packs()];
      unrolled<packs()>([&](auto j)
                            TINYNET_INLINE { xi[j] = P::load(x.at(list.number, column + j * P::size)) * P(scale); });
      scatter_list<packs()>(list, xi, panel);
    }
  });
}

}  // namespace tinynet::detail
