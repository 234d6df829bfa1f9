// Operations that only move numbers: transpose, parts of a matrix, matrices put together.
#pragma once

#include <string>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/transposed.hpp>
#include <tinynet/cpu/copy_block.hpp>

namespace tinynet {
namespace detail {

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
        const Strides<const Scalar> whole{x.node()->value, x.cols()};
        copy_block(shape, Strides<const Scalar>{whole.at(row, col), x.cols()}, Strides<Scalar>{y, shape.cols}, false);
      },
      [row, col](const Result<Scalar>& y, const Input<Scalar>& in) {
        const auto dx = in.target();
        if (!dx.accumulate) fill(dx.data, in.shape().size(), number_of<Scalar>(0));
        const Strides<Scalar> whole{dx.data, in.shape().cols};
        copy_block(y.shape, Strides<const Scalar>{y.gradient, y.shape.cols},
                   Strides<Scalar>{whole.at(row, col), in.shape().cols}, true);
      },
      x);
}

}  // namespace detail

/// [N, M] to [M, N]. As a factor of `matmul` it costs nothing: that reads x itself. Like PyTorch's x.T it shows the
/// numbers of a parameter as they are when it is used.
template <TapeOperand X>
auto transpose(const X& operand) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(operand);
  using VarX = std::remove_const_t<decltype(x)>;
  detail::require_all_rows("transpose", x);
  detail::Node<Scalar>* const node = x.node();
  auto& tape = detail::Tape<Scalar>::current();
  if (node == nullptr) throw Error(ErrorCode::usage, "transpose: an operand holds no value yet");
  if (node->tape != &tape)
    throw Error(ErrorCode::usage,
                std::string("transpose: an operand ('") + node->name + "') belongs to another thread");
  return Var<Scalar, VarX::Cols, VarX::Rows>(tape.template append<detail::TransposeNode<Scalar>>(*node));
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
        const Strides<Scalar> whole{y, shape.cols};
        const auto put = [&](const auto& x, Index r, Index c) {
          copy_block(x.shape(), Strides<const Scalar>{x.node()->value, x.cols()},
                     Strides<Scalar>{whole.at(r, c), shape.cols}, false);
        };
        put(a, 0, 0);
        put(b, row, col);
      },
      [row, col](const Result<Scalar>& y, const Input<Scalar>& first, const Input<Scalar>& second) {
        const Strides<const Scalar> whole{y.gradient, y.shape.cols};
        const auto give = [&](const Input<Scalar>& in, Index r, Index c) {
          if (!in.wants_gradient()) return;
          const auto dx = in.target();
          copy_block(in.shape(), Strides<const Scalar>{whole.at(r, c), y.shape.cols},
                     Strides<Scalar>{dx.data, in.shape().cols}, dx.accumulate);
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
