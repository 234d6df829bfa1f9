// How an operation gets onto the tape: its value is computed at once, its backward function kept with its inputs.
#pragma once

#include <array>
#include <tinynet/autodiff/var.hpp>
#include <tuple>
#include <utility>

namespace tinynet::detail {

/// Where a backward function puts its result: it writes the numbers, or adds to them.
template <class Scalar>
struct Target {
  Scalar* data;
  bool accumulate;
};

/// An input as its operation's backward function sees it.
template <class Scalar>
class Input {
 public:
  explicit Input(Node<Scalar>& node) : node_(node) {}

  const Scalar* value() const { return node_.value; }
  Shape shape() const { return node_.shape; }
  bool wants_gradient() const { return node_.wants_gradient; }

  /// Where dx goes; to be asked for once, and then filled.
  Target<Scalar> target() const {
    const bool accumulate = node_.gradient != nullptr;
    if (!accumulate) node_.gradient = node_.tape->allocate_numbers(node_.shape.size());
    return {node_.gradient, accumulate};
  }

 private:
  Node<Scalar>& node_;
};

/// The result of an operation as its backward function sees it: y and dy.
template <class Scalar>
struct Result {
  const Scalar* value;
  const Scalar* gradient;
  Shape shape;
};

template <class Scalar, class Backward, std::size_t Inputs>
class Operation final : public Node<Scalar> {
 public:
  Operation(const char* operation, Shape size, Backward function, std::array<Node<Scalar>*, Inputs> nodes)
      : Node<Scalar>(operation, size, true), backward_(std::move(function)), inputs_(nodes) {
    for (Node<Scalar>* input : inputs_) ++input->references;
    this->inputs = inputs_;
  }

  bool is_leaf() const override { return false; }

  void backward() override {
    const Result<Scalar> result{this->value, this->gradient, this->shape};
    std::apply([&](auto*... input) { backward_(result, Input<Scalar>(*input)...); }, inputs_);
  }

 private:
  Backward backward_;
  std::array<Node<Scalar>*, Inputs> inputs_;
};

/// Computes forward(y) into a new value of the given shape, and records backward(result, input...) if an input wants
/// a gradient. Rows and Cols are what is known of the shape while compiling.
template <Index Rows, Index Cols, class Scalar, class Forward, class Backward, class... Inputs>
Var<Scalar, Rows, Cols> record(const char* name, Shape shape, const Forward& forward, Backward&& backward,
                               const Inputs&... inputs) {
  auto& tape = Tape<Scalar>::current();
  const auto node_of = [&](const auto& input) {
    Node<Scalar>* const node = input.node();
    if (node == nullptr) throw Error(ErrorCode::usage, std::string(name) + ": an operand holds no value yet");
    if (node->tape != &tape)
      throw Error(ErrorCode::usage,
                  std::string(name) + ": an operand ('" + node->name + "') belongs to another thread");
    return node;
  };
  const std::array<Node<Scalar>*, sizeof...(Inputs)> nodes{node_of(inputs)...};
  const bool wanted = recording && (... || inputs.node()->wants_gradient);
  using Op = Operation<Scalar, std::decay_t<Backward>, sizeof...(Inputs)>;
  const Var<Scalar, Rows, Cols> y(wanted ? static_cast<Node<Scalar>*>(tape.template append<Op>(
                                               name, shape, std::forward<Backward>(backward), nodes))
                                         : tape.template append<Node<Scalar>>(name, shape, false));
  y.node()->value = tape.allocate_numbers(shape.size());
  forward(y.node()->value);
  return y;
}

}  // namespace tinynet::detail
