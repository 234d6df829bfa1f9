// Layer norm and batch norm, put together from other operations, so that their gradients need no formula of their own.
#pragma once

#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>

namespace tinynet {
namespace detail {

/// May the weight and the bias be rows with a number for each column of x? Broadcasting would take other shapes.
template <class X, class Weight, class Bias>
constexpr bool one_a_column() {
  constexpr auto fits = [](Index rows, Index cols) { return may_equal(rows, 1) && may_equal(cols, X::Cols); };
  return fits(Weight::Rows, Weight::Cols) && fits(Bias::Rows, Bias::Cols);
}

inline void require_one_a_column(const char* operation, Shape x, Shape weight, Shape bias) {
  const Shape row{1, x.cols};
  require_shapes(weight == row, operation, "the weight must have one number a column of the input", x, weight);
  require_shapes(bias == row, operation, "the bias must have one number a column of the input", x, bias);
}

}  // namespace detail

/// Each row of x [N, M] shifted and scaled to mean 0 and variance 1 (its biased variance plus eps), then times
/// weight [1, M] plus bias [1, M]. Throws Error (usage) if the shapes are others.
template <TapeOperand X, class Weight, class Bias>
auto layer_norm(const X& operand, const Weight& weight_operand, const Bias& bias_operand, double eps = 1e-5) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  const auto weight = detail::as_var<Scalar>(weight_operand);
  const auto bias = detail::as_var<Scalar>(bias_operand);
  static_assert(detail::one_a_column<decltype(x), decltype(weight), decltype(bias)>(),
                "tinynet: layer_norm: x must have as many columns as the weight and the bias have numbers");
  detail::require_one_a_column("layer_norm", x.shape(), weight.shape(), bias.shape());
  const auto centred = x - mean_rows(x);
  return centred / sqrt(mean_rows(square(centred)) + eps) * weight + bias;
}

/// What batch_norm found in a batch.
template <class Mean, class Variance, class Y>
struct BatchNormResult {
  Mean mean;          ///< of each column
  Variance variance;  ///< of each column, biased
  Y y;                ///< the normalised batch [N, M]
};

/// Each column of x [N, M] shifted and scaled by the batch's own mean and biased variance, then times weight [1, M]
/// plus bias [1, M]; with the mean and the variance. Throws Error (usage) if the shapes are others.
template <TapeOperand X, class Weight, class Bias>
auto batch_norm_with_statistics(const X& operand, const Weight& weight_operand, const Bias& bias_operand,
                                double eps = 1e-5) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  const auto weight = detail::as_var<Scalar>(weight_operand);
  const auto bias = detail::as_var<Scalar>(bias_operand);
  static_assert(detail::one_a_column<decltype(x), decltype(weight), decltype(bias)>(),
                "tinynet: batch_norm: x must have as many columns as the weight and the bias have numbers");
  detail::require_one_a_column("batch_norm", x.shape(), weight.shape(), bias.shape());
  const auto average = mean_cols(x);
  const auto centred = x - average;
  const auto variance = mean_cols(square(centred));
  const auto y = centred / sqrt(variance + eps) * weight + bias;
  return BatchNormResult<decltype(mean_cols(x)), decltype(mean_cols(square(centred))),
                         std::remove_const_t<decltype(y)>>{average, variance, y};
}

/// Batch norm as in training: each column of x [N, M] by the mean and variance of the batch.
template <TapeOperand X, class Weight, class Bias>
auto batch_norm(const X& x, const Weight& weight, const Bias& bias, double eps = 1e-5) {
  return batch_norm_with_statistics(x, weight, bias, eps).y;
}

}  // namespace tinynet
