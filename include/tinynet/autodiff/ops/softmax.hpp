// Softmax over the columns of each row, and its logarithm.
#pragma once

#include <tinynet/autodiff/operand.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/cpu/softmax.hpp>

namespace tinynet {
namespace detail {

/// Calls f(row) for all rows, some hundred at a time on each core.
template <class F>
void for_each_row(Index rows, const F& f) {
  constexpr Index grain = 256;
  parallel_ranges(rows, grain, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) f(r);
  });
}

/// Records an operation on each row by itself: forward(x, y, columns), and backward(y, dy, dx, columns), which adds to
/// dx.
template <class Scalar, class Forward, class Backward, class X>
auto record_rows(const char* name, const X& x, const Forward& forward, Backward backward) {
  const Shape shape = x.shape();
  return record<X::Rows, X::Cols, Scalar>(
      name, shape,
      [&](Scalar* y) {
        const Scalar* const from = x.node()->value;
        for_each_row(shape.rows, [&](Index r) { forward(from + r * shape.cols, y + r * shape.cols, shape.cols); });
      },
      [backward](const Result<Scalar>& y, const Input<Scalar>& in) {
        const auto target = in.target();
        const Index cols = y.shape.cols;
        if (!target.accumulate) std::fill_n(target.data, y.shape.size(), Scalar(0));
        for_each_row(y.shape.rows, [&](Index r) {
          backward(y.value + r * cols, y.gradient + r * cols, target.data + r * cols, cols);
        });
      },
      x);
}

}  // namespace detail

/// y = exp(x) / sum(exp(x)) in each row.
template <TapeOperand X>
auto softmax(const X& operand) {
  using Scalar = typename X::Scalar;
  // dx = y (dy - sum(dy y))
  return detail::record_rows<Scalar>(
      "softmax", detail::as_var<Scalar>(operand),
      [](const Scalar* x, Scalar* y, Index n) {
        const auto exponentials = detail::shifted_exp(x, n, y);
        for (Index i = 0; i < n; ++i) y[i] /= exponentials.total;
      },
      [](const Scalar* y, const Scalar* dy, Scalar* dx, Index n) {
        Scalar total(0);
        for (Index i = 0; i < n; ++i) total += dy[i] * y[i];
        for (Index i = 0; i < n; ++i) dx[i] += y[i] * (dy[i] - total);
      });
}

/// y = x - log(sum(exp(x))) in each row.
template <TapeOperand X>
auto log_softmax(const X& operand) {
  using Scalar = typename X::Scalar;
  // dx = dy - exp(y) sum(dy)
  return detail::record_rows<Scalar>(
      "log_softmax", detail::as_var<Scalar>(operand),
      [](const Scalar* x, Scalar* y, Index n) {
        const auto exponentials = detail::shifted_exp(x, n, y);
        const Scalar shift = exponentials.largest + math::log(exponentials.total);
        for (Index i = 0; i < n; ++i) y[i] = x[i] - shift;
      },
      [](const Scalar* y, const Scalar* dy, Scalar* dx, Index n) {
        Scalar total(0);
        for (Index i = 0; i < n; ++i) total += dy[i];
        for (Index i = 0; i < n; ++i) dx[i] += dy[i] - math::exp(y[i]) * total;
      });
}

}  // namespace tinynet
