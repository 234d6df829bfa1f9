// The plainest verbs: numbers that lie one after another are set, copied and added.
#pragma once

#include <algorithm>
#include <tinynet/core/device.hpp>

namespace tinynet::detail {

/// out[i] = number.
template <class Scalar>
requires on_cpu<Scalar>
void fill(Scalar* out, Index count, Scalar number) { std::fill_n(out, count, number); }

/// out[i] = from[i].
template <class Scalar>
requires on_cpu<Scalar>
void copy(const Scalar* from, Index count, Scalar* out) { std::copy_n(from, count, out); }

/// out[i] += from[i].
template <class Scalar>
requires on_cpu<Scalar>
void add(const Scalar* from, Index count, Scalar* out) {
  for (Index i = 0; i < count; ++i) out[i] += from[i];
}

/// out[i] = f(i).
template <class Scalar, class F>
requires on_cpu<Scalar>
void generate(Scalar* out, Index count, const F& f) {
  for (Index i = 0; i < count; ++i) out[i] = f(i);
}

}  // namespace tinynet::detail
