// Sums whose terms cancel almost to nothing. In float they may come out with the wrong sign, and whether a ReLU passes
// a gradient on hangs on that sign; on MNIST's unscaled pixels one such sum moves the gradient of the whole batch by
// 2e-5. So those few are computed again in double.
#pragma once

#include <cmath>
#include <limits>
#include <tinynet/core/math.hpp>

namespace tinynet::detail {

/// bias + the products of `count` numbers with their weights, in double.
template <class Scalar>
double exact_sum(const Scalar* x, const Scalar* weight, Index count, Scalar bias) {
  auto total = static_cast<double>(bias);
  for (Index k = 0; k < count; ++k) total += static_cast<double>(x[k]) * static_cast<double>(weight[k]);
  return total;
}

/// Replaces each y(r, j), r < rows, j < columns, that is less than 2^-18 of the largest, by sum(r, j), a double.
/// `stride` numbers lie from row to row; what lies between columns and stride should not be 0, or it costs time.
template <class Sum>
void recompute_cancelled(Index rows, Index columns, Index stride, float* y, const Sum& sum) {
  using P = Pack<float>;
  const Index count = rows * stride, body = count / P::size * P::size;
  P top(0.0f), bottom(std::numeric_limits<float>::max());
  const auto look_at = [&](P x) {
    const P size = math::abs(x);
    top = math::select(math::less(top, size), size, top);
    bottom = math::select(math::less(size, bottom), size, bottom);
  };
  for (Index i = 0; i < body; i += P::size) look_at(P::load(y + i));
  if (count > body) look_at(P::load(y + body, count - body, y[body]));
  const float least = top.max() * 0x1p-18f;
  const float smallest = -(-bottom).max();
  if (smallest >= least) return;
  for (Index r = 0; r < rows; ++r)
    for (Index j = 0; j < columns; ++j)
      if (float& number = y[r * stride + j]; std::abs(number) < least) number = static_cast<float>(sum(r, j));
}
template <class Scalar, class Sum>
void recompute_cancelled(Index, Index, Index, Scalar*, const Sum&) {}

}  // namespace tinynet::detail
