// A linear layer for a single row: what takes the time is reading the weights.
#pragma once

#include <array>
#include <cstdint>
#include <tinynet/cpu/cancellation.hpp>
#include <tinynet/cpu/kernels.hpp>

namespace tinynet::detail {

/// y = x W^T + b (no b if null): x [in], W [out, in] row-major, y [out]. Weights of packs of x that are all 0 are not
/// read: half of a picture of MNIST, or what a ReLU has left out.
template <class Scalar>
void linear_row(const Scalar* x, Index in, const Scalar* weight, const Scalar* bias, Index out, Scalar* y) {
  using P = Pack<Scalar>;
  constexpr Index pieces = 64, at_once = 8;
  Index begin = 0;
  do {
    const Index end = std::min(in, begin + pieces * P::size);
    const Index body = begin + (end - begin) / P::size * P::size, rest = end - body;
    std::array<std::int32_t, pieces> used;  // where the packs are that are not 0
    Index count = 0;
    for (Index k = begin; k < body; k += P::size) {
      used[static_cast<std::size_t>(count)] = static_cast<std::int32_t>(k - begin);
      count += P::load(x + k).any() ? 1 : 0;
    }
    const P last = rest > 0 ? P::load(x + body, rest) : P(Scalar(0));
    const auto rows = [&](Index j, auto n) {
      const Scalar* const from = weight + j * in + begin;
      P acc[n()];
      unrolled<n()>([&](auto r) TINYNET_INLINE {
        acc[r] = rest > 0 ? last * P::load(from + r * in + body - begin, rest) : P(Scalar(0));
      });
      for (Index u = 0; u < count; ++u) {
        const Index k = used[static_cast<std::size_t>(u)];
        const P xk = P::load(x + begin + k);
        unrolled<n()>([&](auto r)
                          TINYNET_INLINE { acc[r] = math::multiply_add(xk, P::load(from + r * in + k), acc[r]); });
      }
      unrolled<n()>([&](auto r) TINYNET_INLINE {
        y[j + r] = acc[r].sum() + (begin > 0 ? y[j + r] : bias != nullptr ? bias[j + r] : Scalar(0));
      });
      return j + n();
    };
    Index j = 0;
    while (j + at_once <= out) j = rows(j, std::integral_constant<Index, at_once>{});
    if (j + 4 <= out) j = rows(j, std::integral_constant<Index, 4>{});
    if (j + 2 <= out) j = rows(j, std::integral_constant<Index, 2>{});
    while (j < out) j = rows(j, std::integral_constant<Index, 1>{});
    begin = end;
  } while (begin < in);
  recompute_cancelled(1, out, out, y, [=](Index, Index j) {
    return exact_sum(x, weight + j * in, in, bias == nullptr ? Scalar(0) : bias[j]);
  });
}

}  // namespace tinynet::detail
