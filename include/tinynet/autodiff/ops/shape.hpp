// Operations that only move numbers: transpose, parts of a matrix, matrices put together.
#pragma once

#include <algorithm>
#include <tinynet/autodiff/operand.hpp>

namespace tinynet {
namespace detail {

/// dx = from, or dx += from.
template <class Scalar, class Derived>
void write(const Input<Scalar>& in, const Eigen::MatrixBase<Derived>& from) {
  const auto target = in.target();
  MatrixView<Scalar> dx(target.data, in.shape().rows, in.shape().cols);
  if (target.accumulate)
    dx += from;
  else
    dx = from;
}

/// Calls f(where in the block, where in the matrix, count) for the pieces of a block that lie together in memory: its
/// rows, or all of it if it is as wide as the matrix.
template <class F>
void for_each_piece(Shape block, Shape matrix, Index row, Index col, const F& f) {
  if (block.cols == matrix.cols) return f(Index{0}, row * matrix.cols, block.size());
  for (Index r = 0; r < block.rows; ++r) f(r * block.cols, (row + r) * matrix.cols + col, block.cols);
}

/// y = a block of x.
template <Index Rows, Index Cols, class X>
auto block(const char* name, const X& operand, Index row, Index col, Shape shape) {
  using Scalar = typename X::Scalar;
  const auto x = as_var<Scalar>(operand);
  require_shapes(row >= 0 && col >= 0 && shape.rows >= 0 && shape.cols >= 0 && row + shape.rows <= x.rows() &&
                     col + shape.cols <= x.cols(),
                 name, "the part must lie within the matrix", shape, x.shape());
  return record<Rows, Cols, Scalar>(
      name, shape,
      [&](Scalar* y) {
        for_each_piece(shape, x.shape(), row, col,
                       [&](Index to, Index from, Index count) { std::copy_n(x.node()->value + from, count, y + to); });
      },
      [row, col](const Result<Scalar>& y, const Input<Scalar>& in) {
        const auto target = in.target();
        if (!target.accumulate) std::fill_n(target.data, in.shape().size(), Scalar(0));
        for_each_piece(y.shape, in.shape(), row, col, [&](Index from, Index to, Index count) {
          for (Index i = 0; i < count; ++i) target.data[to + i] += y.gradient[from + i];
        });
      },
      x);
}

}  // namespace detail

/// [N, M] to [M, N].
template <TapeOperand X>
auto transpose(const X& operand) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  using VarX = std::remove_const_t<decltype(x)>;
  return detail::record<VarX::Cols, VarX::Rows, Scalar>(
      "transpose", {x.cols(), x.rows()},
      [&](Scalar* y) {
        MatrixView<Scalar>(y, x.cols(), x.rows()) =
            ConstMatrixView<Scalar>(x.node()->value, x.rows(), x.cols()).transpose();
      },
      [](const detail::Result<Scalar>& y, const detail::Input<Scalar>& in) {
        detail::write(in, ConstMatrixView<Scalar>(y.gradient, y.shape.rows, y.shape.cols).transpose());
      },
      x);
}

/// Rows begin .. begin + count - 1.
template <TapeOperand X>
auto middle_rows(const X& x, Index begin, Index count) {
  return detail::block<dynamic, detail::var_of<X>::Cols>("middle_rows", x, begin, 0, {count, x.cols()});
}

/// Columns begin .. begin + count - 1.
template <TapeOperand X>
auto middle_cols(const X& x, Index begin, Index count) {
  return detail::block<detail::var_of<X>::Rows, dynamic>("middle_cols", x, 0, begin, {x.rows(), count});
}

namespace detail {

// a above b, or a beside b.
template <Index Rows, Index Cols, class A, class B>
auto concatenate(const char* name, const A& a, const B& b, Shape shape, Index row, Index col) {
  using Scalar = typename A::Scalar;
  return record<Rows, Cols, Scalar>(
      name, shape,
      [&](Scalar* y) {
        MatrixView<Scalar> out(y, shape.rows, shape.cols);
        out.topLeftCorner(a.rows(), a.cols()) = a.value();
        out.block(row, col, b.rows(), b.cols()) = b.value();
      },
      [row, col](const Result<Scalar>& y, const Input<Scalar>& first, const Input<Scalar>& second) {
        const ConstMatrixView<Scalar> dy(y.gradient, y.shape.rows, y.shape.cols);
        const auto give = [&dy](const Input<Scalar>& in, Index r, Index c) {
          if (in.wants_gradient()) write(in, dy.block(r, c, in.shape().rows, in.shape().cols));
        };
        give(first, 0, 0);
        give(second, row, col);
      },
      a, b);
}

}  // namespace detail

/// a above b.
template <class A, class B>
requires TapeOperands<A, B>
auto concat_rows(const A& first, const B& second) {
  using Scalar = detail::scalar_of<A, B>;
  const auto a = detail::as_var<Scalar>(first);
  const auto b = detail::as_var<Scalar>(second);
  static_assert(detail::may_equal(decltype(a)::Cols, decltype(b)::Cols),
                "tinynet: concat_rows(a, b): a and b must have the same number of columns");
  detail::require_shapes(a.cols() == b.cols(), "concat_rows", "the numbers of columns must be equal", a.shape(),
                         b.shape());
  return detail::concatenate<dynamic, detail::known(decltype(a)::Cols, decltype(b)::Cols)>(
      "concat_rows", a, b, {a.rows() + b.rows(), a.cols()}, a.rows(), 0);
}

/// a and b side by side.
template <class A, class B>
requires TapeOperands<A, B>
auto concat_cols(const A& first, const B& second) {
  using Scalar = detail::scalar_of<A, B>;
  const auto a = detail::as_var<Scalar>(first);
  const auto b = detail::as_var<Scalar>(second);
  static_assert(detail::may_equal(decltype(a)::Rows, decltype(b)::Rows),
                "tinynet: concat_cols(a, b): a and b must have the same number of rows");
  detail::require_shapes(a.rows() == b.rows(), "concat_cols", "the numbers of rows must be equal", a.shape(),
                         b.shape());
  return detail::concatenate<detail::known(decltype(a)::Rows, decltype(b)::Rows), dynamic>(
      "concat_cols", a, b, {a.rows(), a.cols() + b.cols()}, 0, a.cols());
}

}  // namespace tinynet
