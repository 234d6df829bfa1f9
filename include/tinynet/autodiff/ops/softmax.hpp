// Softmax over the columns of each row, and its logarithm.
#pragma once

#include <tinynet/autodiff/operand.hpp>
#include <tinynet/cpu/softmax.hpp>

namespace tinynet {

/// y = exp(x) / sum(exp(x)) in each row.
template <TapeOperand X>
auto softmax(const X& operand) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  // dx = y (dy - sum(dy y))
  return detail::record<decltype(x)::Rows, decltype(x)::Cols, Scalar>(
      "softmax", x.shape(),
      [&](Scalar* y) {
        using detail::softmax_forward;
        softmax_forward(x.node()->value, x.shape(), y);
      },
      [](const detail::Result<Scalar>& y, const detail::Input<Scalar>& in) {
        using detail::softmax_backward;
        const auto dx = in.target();
        softmax_backward(y.value, y.gradient, y.shape, dx.data, dx.accumulate);
      },
      x);
}

/// y = x - log(sum(exp(x))) in each row.
template <TapeOperand X>
auto log_softmax(const X& operand) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  // dx = dy - exp(y) sum(dy)
  return detail::record<decltype(x)::Rows, decltype(x)::Cols, Scalar>(
      "log_softmax", x.shape(),
      [&](Scalar* y) {
        using detail::log_softmax_forward;
        log_softmax_forward(x.node()->value, x.shape(), y);
      },
      [](const detail::Result<Scalar>& y, const detail::Input<Scalar>& in) {
        using detail::log_softmax_backward;
        const auto dx = in.target();
        log_softmax_backward(y.value, y.gradient, y.shape, dx.data, dx.accumulate);
      },
      x);
}

}  // namespace tinynet
