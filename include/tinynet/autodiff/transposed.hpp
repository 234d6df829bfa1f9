// The transpose of a value, whose numbers nobody writes where a product reads those of the value itself.
#pragma once

#include <array>
#include <span>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/cpu/copy_block.hpp>
#include <utility>

namespace tinynet::detail {

/// to [M, N] = from [N, M], transposed, or to += it.
template <class Scalar>
void write_transpose(const Scalar* from, Shape to_shape, Scalar* to, bool accumulate) {
  copy_block(to_shape, Strides<const Scalar>{from, 1, to_shape.rows}, Strides<Scalar>{to, to_shape.cols}, accumulate);
}

/// The transpose of x on the tape. Its numbers are written when an operation, or somebody else, asks for them.
template <class Scalar>
class TransposeNode final : public Node<Scalar> {
 public:
  explicit TransposeNode(Node<Scalar>& x)
      : Node<Scalar>("transpose", {x.shape.cols, x.shape.rows}, recording && x.wants_gradient), input_{&x} {
    ++x.references;
  }

  bool is_leaf() const override { return false; }
  std::span<Node<Scalar>* const> inputs() const override { return input_; }

  void compute() override {
    this->value = this->tape->allocate_numbers(this->shape.size());
    write_transpose(input_[0]->value, this->shape, this->value, false);
  }

  void backward() override {
    if (this->value == nullptr) compute();  // what follows lets go of x
    const auto dx = Input<Scalar>(*input_[0]).target();
    write_transpose<Scalar>(this->gradient, input_[0]->shape, dx.data, dx.accumulate);
  }

 private:
  std::array<Node<Scalar>*, 1> input_;
};

/// A factor of a product: x, or the transpose of x, of which no numbers are written.
template <class Scalar>
struct TapeFactor {
  Var<Scalar> x;
  bool transposed;

  explicit TapeFactor(Var<Scalar> value, bool turned = false) : x(std::move(value)), transposed(turned) {
    Node<Scalar>* const node = x.pending_node();
    if (node == nullptr || node->value != nullptr || dynamic_cast<TransposeNode<Scalar>*>(node) == nullptr) return;
    Node<Scalar>* const input = node->inputs()[0];
    if (node->wants_gradient != input->wants_gradient) return;  // it was made under no_grad
    ++input->references;
    x = Var<Scalar>(input);
    transposed = !turned;
  }

  /// As it is read.
  Shape shape() const { return transposed ? Shape{x.cols(), x.rows()} : x.shape(); }
};

template <class T>
inline constexpr bool is_transposed_rows = false;  // an Eigen expression that is the transpose of row-major numbers
template <class T>
inline constexpr bool is_transposed_rows<Eigen::Transpose<T>> = bool(T::IsRowMajor) && !bool(T::IsVectorAtCompileTime);

/// An operand of a product on the tape.
template <class Scalar, class T>
TapeFactor<Scalar> tape_factor(const T& operand) {
  if constexpr (is_transposed_rows<T>)
    return TapeFactor<Scalar>(constant<Scalar>(operand.nestedExpression()), true);
  else
    return TapeFactor<Scalar>(as_var<Scalar>(operand));
}

}  // namespace tinynet::detail
