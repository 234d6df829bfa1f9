// The verb of the optimizers: an update rule applied to all parameters.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <tinynet/core/compensated.hpp>
#include <tinynet/core/device.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/cpu/kernels.hpp>

namespace tinynet::detail {

/// x, but 0 where it is so near to it that the processor computes with it slowly: as the momenta of weights without a
/// gradient soon are.
template <class Scalar>
Pack<Scalar> normal(Pack<Scalar> x) {
  const Pack<Scalar> least(std::numeric_limits<Scalar>::min());
  return math::select(math::less(math::abs(x), least), Pack<Scalar>(0), x);
}

/// What update_parameters does for the parameters from `begin` to `end`.
template <class Rule, class Scalar, std::size_t States>
bool update_range(Rule rule, Index begin, Index end, Scalar* p, const Scalar* g, Scalar* lost,
                  const std::array<Scalar*, States>& state, Scalar* written) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    Index i = begin;
    if constexpr (has_pack<Scalar>) {
      using P = Pack<Scalar>;
      const P zero(0);
      P zeros = zero;  // plus 0 times each number that is written: 0, or NaN if one is not finite
      // `load` and `store` handle whole packs, or the numbers that are left at the end; store returns those.
      const auto apply = [&](const auto& load, const auto& store) TINYNET_INLINE {
        P parameter = load(p), rest = still_lost(parameter, load(written), load(lost));
        [[maybe_unused]] std::array<P, States> s{load(state[I])...};
        subtract_compensated(parameter, rule(parameter, load(g), s[I]...), rest);
        store(rest, lost);
        store(parameter, written);
        zeros = math::multiply_add(zero, store(parameter, p), zeros);
        ((zeros = math::multiply_add(zero, store(normal(s[I]), state[I]), zeros)), ...);
      };
      for (; i + P::size <= end; i += P::size)
        apply([i](const Scalar* from) { return P::load(from + i); },
              [i](P numbers, Scalar* to) {
                numbers.store(to + i);
                return numbers;
              });
      if (const Index n = end - i; n > 0)
        apply([i, n](const Scalar* from) { return P::load(from + i, n, from[i]); },  // as transform_row does
              [i, n](P numbers, Scalar* to) {
                numbers.store(to + i, n);
                return P::load(to + i, n);  // what a rule makes of the places behind them is nothing
              });
      return !zeros.any();
    } else {
      bool finite = true;
      const auto look = [&finite](Scalar x) { finite &= x - x == Scalar(0); };
      for (; i < end; ++i) {
        lost[i] = still_lost(p[i], written[i], lost[i]);
        subtract_compensated(p[i], rule(p[i], g[i], state[I][i]...), lost[i]);
        written[i] = p[i];
        look(p[i]);
        (look(state[I][i]), ...);
      }
      return finite;
    }
  }
  (std::make_index_sequence<States>{});
}

/// Takes rule(p, g, state...) off every parameter p with its gradient g; the rule changes the states in place. It is
/// called with packs of numbers where there is SIMD. All vectors have `size` numbers. Returns whether all
/// parameters and states are finite then: it has them at hand, so looking costs next to nothing.
///
/// What is lost when a small step is taken off a large parameter is kept in `lost` and taken off the next time (Kahan,
/// 1965), as if the parameters had twice their digits: in float, a long training stays near what it is in double.
/// `written` has the parameters as they were then, and gets them as they are now. Where a parameter differs, somebody
/// else has written it since, and nothing is lost from that. (Null: nobody else writes them.)
template <class Rule, class Scalar, std::size_t States>
requires on_cpu<Scalar>
bool update_parameters(const Rule& rule, Index size, Scalar* p, const Scalar* g, Scalar* lost,
                       const std::array<Scalar*, States>& state, Scalar* written = nullptr) {
  if (written == nullptr) written = p;
  constexpr Index grain = 32768, alone = 8 * grain;  // waking threads takes longer than a small net's update
  std::atomic<bool> finite{true};
  parallel_ranges(size, size < alone ? std::max<Index>(size, 1) : grain, [&](Index begin, Index end) {
    const bool good = update_range(rule, begin, end, p, g, lost, state, written);
    if (!good) finite.store(false, std::memory_order_relaxed);
  });
  return finite.load(std::memory_order_relaxed);
}

}  // namespace tinynet::detail
