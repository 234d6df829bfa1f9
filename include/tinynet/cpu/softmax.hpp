// Softmax of one row, with the largest element taken off first so that no exponential overflows.
#pragma once

#include <limits>
#include <tinynet/core/math.hpp>

namespace tinynet::detail {

/// y[i] = exp(x[i] - m) with m the largest x; returns {m, sum of y}. A NaN among x makes the sum NaN.
template <class Scalar>
struct ShiftedExp {
  Scalar largest, total;
};

template <class Scalar>
ShiftedExp<Scalar> shifted_exp(const Scalar* x, Index n, Scalar* y) {
  if constexpr (has_pack<Scalar>) {
    using P = Pack<Scalar>;
    // What fills the last pack must not be the largest, and its exponential is as good as 0.
    constexpr Scalar lowest = std::numeric_limits<Scalar>::lowest();
    const Index body = n / P::size * P::size;
    const P rest = P::load(x + body, n - body, lowest);
    P top = rest;
    for (Index i = 0; i < body; i += P::size) {
      const P xi = P::load(x + i);
      top = math::select(math::less(top, xi), xi, top);
    }
    const Scalar largest = top.max();
    const P shift(largest);
    P total(Scalar(0));
    for (Index i = 0; i < body; i += P::size) {
      const P yi = math::exp(P::load(x + i) - shift);
      yi.store(y + i);
      total += yi;
    }
    if (n > body) {
      const P yi = math::exp(rest - shift);
      yi.store(y + body, n - body);
      total += P::load(y + body, n - body);
    }
    return {largest, total.sum()};
  } else {
    Scalar largest = x[0], total(0);
    for (Index i = 1; i < n; ++i)
      if (math::less(largest, x[i])) largest = x[i];
    for (Index i = 0; i < n; ++i) total += y[i] = math::exp(x[i] - largest);
    return {largest, total};
  }
}

/// The cross entropy of one row of `Classes` logits x in whole packs, the padding 0, and `scale` times its gradient by
/// x:
///   loss = log(sum exp x) - (1 - s) x[label] - s mean(x),  dx = softmax(x) - target,
/// with the target 1 - s at the label and s spread over all classes.
template <Index Classes, class Scalar>
Scalar cross_entropy_padded(const Scalar* x, Index label, double smoothing, Scalar scale, Scalar* dx) {
  using P = Pack<Scalar>;
  constexpr Index columns = (Classes + P::size - 1) / P::size * P::size;
  constexpr Index last = columns - P::size;
  // The padding must not be the largest, and its exponential is as good as 0.
  const P rest = P::load(x + last, Classes - last, std::numeric_limits<Scalar>::lowest());
  P top = rest;
  for (Index i = 0; i < last; i += P::size) {
    const P xi = P::load(x + i);
    top = math::select(math::less(top, xi), xi, top);
  }
  const Scalar largest = top.max();
  const P shift(largest);
  P total = math::exp(rest - shift);
  total.store(dx + last);
  for (Index i = 0; i < last; i += P::size) {
    const P e = math::exp(P::load(x + i) - shift);
    e.store(dx + i);
    total += e;
  }
  const Scalar sum = total.sum();
  const Scalar spread = Scalar(smoothing / static_cast<double>(Classes));
  const P factor(scale / sum), offset(spread * scale);
  const Scalar at_label = x[label];
  Scalar loss = math::log(sum) - Scalar(1 - smoothing) * (at_label - largest);
  if (smoothing != 0)
    for (Index i = 0; i < Classes; ++i) loss -= spread * (x[i] - largest);
  for (Index i = 0; i < columns; i += P::size) (P::load(dx + i) * factor - offset).store(dx + i);
  dx[label] -= Scalar(1 - smoothing) * scale;
  return loss;
}

}  // namespace tinynet::detail
