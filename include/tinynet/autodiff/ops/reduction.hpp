// Sums and means. Totals are kept in double precision and in an order that depends on the shape alone.
#pragma once

#include <span>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/cpu/reduce.hpp>

namespace tinynet {
namespace detail {

/// Adds up what each process has, where the rows of x are shared among several.
template <class X, class Scalar>
void sum_over_ranks(const X& x, Scalar* numbers, Index count) {
  if constexpr (on_cpu<Scalar> && std::is_floating_point_v<Scalar>)
    if (const Ranks* const ranks = x.node()->share().ranks; ranks != nullptr)
      ranks->sum(std::span(numbers, static_cast<std::size_t>(count)), {});
}

/// How many rows x has, with those of other processes.
template <class X>
Index all_rows(const X& x) {
  const RowShare share = x.node()->share();
  return share.ranks == nullptr ? x.rows() : share.all_rows;
}

/// Records a reduction whose gradient is dy times `factor`, broadcast to the operand's shape.
template <Index Rows, Index Cols, RowUse Use, class X, class Forward>
auto record_reduction(const char* name, Shape shape, double factor, const X& x, const Forward& forward) {
  using Scalar = typename X::Scalar;
  return record<Rows, Cols, Scalar, Use>(
      name, shape, forward,
      [factor](const Result<Scalar>& y, const Input<Scalar>& in) {
        transform_into(in.target(), in.shape(), functions::Scale(factor),
                       Source<Scalar>(y.gradient, y.shape, in.shape()));
      },
      x);
}

template <class X>
auto sum(const char* name, const X& x, double factor) {
  using Scalar = typename X::Scalar;
  return record_reduction<1, 1, RowUse::sum>(name, {1, 1}, factor, x, [&](Scalar* y) {
    const Scalar* const numbers = x.node()->value;
    sum(numbers, x.shape().size(), factor, y, false);
    sum_over_ranks(x, y, 1);
  });
}

}  // namespace detail

/// The sum of all elements.
template <TapeOperand X>
auto sum(const X& operand) {
  return detail::sum("sum", detail::as_var<typename X::Scalar>(operand), 1.0);
}

/// The mean of all elements.
template <TapeOperand X>
auto mean(const X& operand) {
  const auto x = detail::as_var<typename X::Scalar>(operand);
  return detail::sum("mean", x, 1.0 / static_cast<double>(detail::all_rows(x) * x.cols()));
}

/// The sum of each row: [N, M] to [N, 1] (PyTorch's sum(1, keepdim=True)).
template <TapeOperand X>
auto sum_rows(const X& operand) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  return detail::record_reduction<decltype(x)::Rows, 1, detail::RowUse::each>(
      "sum_rows", {x.rows(), 1}, 1.0, x, [&](Scalar* y) {
        using detail::sum_rows;
        sum_rows(x.node()->value, x.shape(), y, false);
      });
}

/// The sum of each column: [N, M] to [1, M] (PyTorch's sum(0, keepdim=True)).
template <TapeOperand X>
auto sum_cols(const X& operand) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  return detail::record_reduction<1, decltype(x)::Cols, detail::RowUse::sum>(
      "sum_cols", {1, x.cols()}, 1.0, x, [&](Scalar* y) {
        using detail::sum_cols;
        sum_cols(x.node()->value, x.shape(), y, false);
        detail::sum_over_ranks(x, y, x.cols());
      });
}

/// The mean of each row: [N, M] to [N, 1].
template <TapeOperand X>
auto mean_rows(const X& x) {
  const auto total = sum_rows(x);
  return total * (1.0 / static_cast<double>(x.cols()));
}

/// The mean of each column: [N, M] to [1, M].
template <TapeOperand X>
auto mean_cols(const X& operand) {
  const auto x = detail::as_var<typename X::Scalar>(operand);
  const auto total = sum_cols(x);
  return total * (1.0 / static_cast<double>(detail::all_rows(x)));
}

}  // namespace tinynet
