// y = x W^T + b.
#pragma once

#include <tinynet/autodiff/data_input.hpp>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/shape.hpp>
#include <tinynet/core/lent_rows.hpp>
#include <tinynet/cpu/linear.hpp>

namespace tinynet {
namespace detail {

/// Records y = x W^T + b, for all sizes the same way; `x` is empty where the input is data, which `lent` gives.
template <class Scalar, class... X>
Var<Scalar> record_linear(const LentRows<rows_of<Scalar>>& lent, const Var<Scalar>& weight, const Var<Scalar>& bias,
                          const X&... x) {
  constexpr bool from_tape = sizeof...(X) == 1;
  const Index out = weight.rows(), in = weight.cols();
  const rows_of<Scalar>& rows = lent.get();
  require_shapes(rows.cols() == in, "linear", "the input must have as many columns as the weight [out, in]",
                 rows.shape(), weight.shape());
  require_shapes(bias.cols() == out && bias.rows() == 1, "linear", "the bias must have one number a row of the weight",
                 bias.shape(), weight.shape());
  // dW = dy^T x,  db = sum of dy over the rows,  dx = dy W
  Var<Scalar> result = record<dynamic, dynamic, Scalar>(
      "linear", {rows.rows(), out},
      [&](Scalar* y) { linear_forward(rows, weight.node()->value, bias.node()->value, out, y); },
      [lent](const Result<Scalar>& y, const Input<Scalar>& w, const Input<Scalar>& b, auto... input) {
        const Index outputs = y.shape.cols;
        if (w.wants_gradient()) {
          const auto dw = w.target();
          if (!dw.accumulate) fill(dw.data, w.shape().size(), number_of<Scalar>(0));
          linear_weight_gradient(lent.get(), y.gradient, outputs, dw.data);
        }
        if (b.wants_gradient()) {
          const auto db = b.target();
          sum_cols(y.gradient, y.shape, db.data, db.accumulate);
        }
        if constexpr (from_tape) {
          const Input<Scalar>& x_in = std::get<0>(std::tie(input...));
          if (x_in.wants_gradient()) {
            const auto dx = x_in.target();
            linear_input_gradient(y.gradient, w.value(), y.shape.rows, w.shape().cols, outputs, dx.data, dx.accumulate);
          }
        }
      },
      weight, bias, x...);
  if constexpr (!from_tape) result.node()->tape->set_share(result.node(), share_on_tape<Scalar>(rows));
  return result;
}

/// What is added to x W^T where nothing is.
template <class Scalar>
Var<Scalar> zero_bias(Index out) {
  return constant<Scalar>(Matrix<number_of<Scalar>>::Zero(1, out));
}

}  // namespace detail

/// y = x W^T + b, as PyTorch's F.linear: x [N, in], W [out, in], b [1, out]. x is on the tape, or data.
template <class X, TapeOperand Weight, TapeOperand Bias>
requires(TapeOperand<X> || detail::is_data_input<X>) auto linear(const X& input, const Weight& weight,
                                                                 const Bias& bias) {
  using Scalar = typename Weight::Scalar;
  const auto w = detail::as_var<Scalar>(weight);
  const auto b = detail::as_var<Scalar>(bias);
  using W = std::remove_const_t<decltype(w)>;
  constexpr Index out = detail::known(W::Rows, decltype(b)::Cols);
  if constexpr (detail::is_data_input<X>) {
    static_assert(detail::may_equal(X::ColCount, W::Cols),
                  "tinynet: linear(x, W, b): x must have as many columns as W [out, in] has");
    return Var<Scalar, X::RowCount, out>(detail::record_linear<Scalar>(input.lent(), w, b));
  } else {
    const auto x = detail::as_var<Scalar>(input);
    static_assert(detail::may_equal(decltype(x)::Cols, W::Cols),
                  "tinynet: linear(x, W, b): x must have as many columns as W [out, in] has");
    if constexpr (detail::is_complex<Scalar>)  // only derivatives are checked with it, and Rows are real
      return matmul(x, transpose(w)) + b;
    else
      return Var<Scalar, decltype(x)::Rows, out>(detail::record_linear<Scalar>(
          detail::LentRows<detail::rows_of<Scalar>>::unchanging({x.node()->value, x.shape(), x.cols()}), w, b,
          Var<Scalar>(x)));
  }
}

/// y = x W^T.
template <class X, TapeOperand Weight>
auto linear(const X& x, const Weight& weight) {
  using Scalar = typename Weight::Scalar;
  const auto w = detail::as_var<Scalar>(weight);
  return linear(x, w, Var<Scalar, 1, decltype(w)::Rows>(detail::zero_bias<Scalar>(w.rows())));
}

}  // namespace tinynet
