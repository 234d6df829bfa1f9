// Small steps off large numbers, without losing what rounding cuts off.
#pragma once

#include <tinynet/core/math.hpp>

namespace tinynet::detail {

/// Takes `step` off a number. What is lost when a small step is taken off a large number is kept in `lost` and taken
/// off the next time (Kahan, 1965), as if the number had twice its digits. A Number is a scalar or a pack of them.
template <class Number>
constexpr void subtract_compensated(Number& number, Number step, Number& lost) {
  const Number change = -step - lost;
  const Number changed = number + change;
  lost = (changed - number) - change;
  number = changed;
}

/// `lost`, if the number is still the one that it was lost from, else 0: somebody else has written it since.
template <class Number>
constexpr Number still_lost(Number number, Number written, Number lost) {
  return math::select(math::equal(number, written), lost, Number(0));
}

}  // namespace tinynet::detail
