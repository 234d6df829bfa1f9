// A linear layer for a single row from the transposed weights: of those, only what belongs to nonzero inputs is read.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <tinynet/cpu/kernels.hpp>
#include <type_traits>

namespace tinynet::detail {

/// The numbers of the nonzero elements of x [count], count <= 256; returns how many there are.
template <class Scalar>
Index nonzero_elements(const Scalar* x, Index count, std::uint8_t* number) {
  using P = Pack<Scalar>;
  using Bits = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  Index found = 0;
  const auto look_at = [&](Index k) TINYNET_INLINE {
    number[found] = static_cast<std::uint8_t>(k);
    // Without the bit of the sign, as a whole number: comparing numbers that may be NaN takes longer.
    found += static_cast<Bits>(std::bit_cast<Bits>(x[k]) << 1) != 0 ? 1 : 0;
  };
  const Index body = count / P::size * P::size, rest = count % P::size;
  for (Index k = 0; k < body; k += P::size)
    if (P::load(x + k).any())
      for (Index i = 0; i < P::size; ++i) look_at(k + i);
  for (Index i = 0; i < rest; ++i) look_at(body + i);
  return found;
}

/// y = x W^T + b: x [in], W^T [in, columns], b and y [columns], where columns is a number of whole packs.
template <class Scalar>
void transposed_row(const Scalar* x, Index in, Tile<const Scalar> transposed, const Scalar* bias, Index columns,
                    Scalar* y) {
  using P = Pack<Scalar>;
  constexpr Index piece = 256;
  std::array<std::uint8_t, piece + 1> number;  // one more than there are is written to
  for (Index begin = 0; begin < in; begin += piece) {
    const Index count = nonzero_elements(x + begin, std::min(piece, in - begin), number.data());
    const Scalar* const start = begin == 0 ? bias : y;
    for_each_panel<Scalar>(columns, [=, &number](Index column, auto packs) {
      // Two sets of sums, since a fused multiply-add takes longer than reading what goes into it.
      P even[packs()], odd[packs()];
      unrolled<packs()>([&](auto j) TINYNET_INLINE {
        even[j] = P::load(start + column + j * P::size);
        odd[j] = P(Scalar(0));
      });
      const auto add = [&](Index e, auto& sum) TINYNET_INLINE {
        const Index k = begin + number[static_cast<std::size_t>(e)];
        const P xk(x[k]);
        const Scalar* const from = transposed.at(k, column);
        unrolled<packs()>([&](auto j)
                              TINYNET_INLINE { sum[j] = math::multiply_add(xk, P::load(from + j * P::size), sum[j]); });
      };
      Index e = 0;
      for (; e + 2 <= count; e += 2) {
        add(e, even);
        add(e + 1, odd);
      }
      if (e < count) add(e, even);
      unrolled<packs()>([&](auto j) TINYNET_INLINE { (even[j] + odd[j]).store(y + column + j * P::size); });
    });
  }
}

}  // namespace tinynet::detail
