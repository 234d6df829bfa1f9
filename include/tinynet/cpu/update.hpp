// The verb of the optimizers: an update rule applied to all parameters.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <tinynet/core/compensated.hpp>
#include <tinynet/core/device.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/threads.hpp>

namespace tinynet::detail {

/// x, but 0 where it is so near to it that the processor computes with it slowly: as the momenta of weights without a
/// gradient soon are.
template <class Scalar>
Pack<Scalar> normal(Pack<Scalar> x) {
  const Pack<Scalar> least(std::numeric_limits<Scalar>::min());
  return math::select(math::less(math::abs(x), least), Pack<Scalar>(0), x);
}

/// Takes rule(p, g, state...) off every parameter p with its gradient g; the rule changes the states in place. It is
/// called with packs of numbers where there is SIMD. All vectors have `size` numbers.
///
/// What is lost when a small step is taken off a large parameter is kept in `lost` and taken off the next time (Kahan,
/// 1965), as if the parameters had twice their digits: in float, a long training stays near what it is in double.
template <class Rule, class Scalar, std::size_t States>
requires on_cpu<Scalar>
void update_parameters(const Rule& rule, Index size, Scalar* p, const Scalar* g, Scalar* lost,
                       const std::array<Scalar*, States>& state) {
  constexpr Index grain = 32768, alone = 8 * grain;  // waking threads takes longer than a small net's update
  parallel_ranges(size, size < alone ? std::max<Index>(size, 1) : grain, [&](Index begin, Index end) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      Index i = begin;
      if constexpr (has_pack<Scalar>) {
        using P = Pack<Scalar>;
        // `load` and `store` handle whole packs, or the numbers that are left at the end.
        const auto apply = [&](const auto& load, const auto& store) {
          P parameter = load(p), rest = load(lost);
          [[maybe_unused]] std::array<P, States> s{load(state[I])...};
          subtract_compensated(parameter, rule(parameter, load(g), s[I]...), rest);
          store(parameter, p);
          store(rest, lost);
          (store(normal(s[I]), state[I]), ...);
        };
        for (; i + P::size <= end; i += P::size)
          apply([i](const Scalar* from) { return P::load(from + i); },
                [i](P numbers, Scalar* to) { numbers.store(to + i); });
        if (const Index n = end - i; n > 0)
          apply([i, n](const Scalar* from) { return P::load(from + i, n); },
                [i, n](P numbers, Scalar* to) { numbers.store(to + i, n); });
      } else {
        for (; i < end; ++i) subtract_compensated(p[i], rule(p[i], g[i], state[I][i]...), lost[i]);
      }
    }
    (std::make_index_sequence<States>{});
  });
}

}  // namespace tinynet::detail
