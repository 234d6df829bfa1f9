// Layer norm and batch norm, put together from other operations, so that their gradients need no formula of their own.
#pragma once

#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>

namespace tinynet {

/// Each row of x [N, M] shifted and scaled to mean 0 and variance 1 (its biased variance plus eps), then times
/// weight [1, M] plus bias [1, M].
template <TapeOperand X, class Weight, class Bias>
auto layer_norm(const X& operand, const Weight& weight, const Bias& bias, double eps = 1e-5) {
  const auto x = detail::as_var<typename X::Scalar>(operand);
  const auto centred = x - mean_rows(x);
  return centred / sqrt(mean_rows(square(centred)) + eps) * weight + bias;
}

/// What batch_norm found in a batch.
template <class Mean, class Variance, class Y>
struct BatchNormResult {
  Mean mean;          ///< of each column
  Variance variance;  ///< of each column, biased
  Y y;
};

/// Each column of x [N, M] shifted and scaled by the batch's own mean and biased variance, then times weight [1, M]
/// plus bias [1, M]; with the mean and the variance.
template <TapeOperand X, class Weight, class Bias>
auto batch_norm_with_statistics(const X& operand, const Weight& weight, const Bias& bias, double eps = 1e-5) {
  const auto x = detail::as_var<typename X::Scalar>(operand);
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
