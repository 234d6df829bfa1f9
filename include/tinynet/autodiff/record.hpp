// How an operation gets onto the tape: its value is computed at once, its backward function kept with its inputs.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
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

  /// Throws Error (usage) if that has changed since.
  const Scalar* value() const {
    if (node_.numbers_lie == NumbersLie::outside) node_.require_value();
    return node_.value;
  }
  Shape shape() const { return node_.shape; }
  bool wants_gradient() const { return node_.wants_gradient; }

  /// Where dx goes; to be asked for once, and then filled.
  Target<Scalar> target() const {
    if (node_.numbers_lie == NumbersLie::outside) node_.require_gradient();
    const bool accumulate = node_.gradient != nullptr;
    if (!accumulate) node_.tape->new_gradient(&node_);
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

/// The gradients of an operation's inputs, where other processes have other rows of its result: an input that has no
/// such rows gets the sum of what all processes have for it.
template <class Scalar>
class SumOverRanks {
 public:
  static constexpr std::size_t most_inputs = 4;

  /// Before the backward function: sets aside the gradients so far, which are no part of the sum.
  explicit SumOverRanks(std::span<Node<Scalar>* const> inputs) : inputs_(inputs) {
    for_each_sum([&](Node<Scalar>& input, std::optional<Buffer<Scalar>>& before) {
      if (input.gradient == nullptr) return;
      const Index size = input.shape.size();
      copy(input.gradient, size, before.emplace(size).data());
      fill(input.gradient, size, number_of<Scalar>(0));
    });
  }

  /// After it.
  void finish(const Ranks& ranks) {
    for_each_sum([&](Node<Scalar>& input, const std::optional<Buffer<Scalar>>& before) {
      if (input.gradient == nullptr) return;
      const Index size = input.shape.size();
      ranks.sum(std::span(input.gradient, static_cast<std::size_t>(size)), {});
      if (before) add(before->data(), size, input.gradient);
    });
  }

 private:
  template <class F>
  void for_each_sum(const F& f) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      Node<Scalar>* const input = inputs_[i];
      const auto end = inputs_.begin() + static_cast<std::ptrdiff_t>(i);
      const bool is_first = std::find(inputs_.begin(), end, input) == end;  // not the second one of a * a
      if (is_first && input->wants_gradient && input->whole) f(*input, before_[i]);
    }
  }

  std::span<Node<Scalar>* const> inputs_;
  std::array<std::optional<Buffer<Scalar>>, most_inputs> before_;
};

template <class Scalar, class Backward, std::size_t Inputs>
class Operation final : public Node<Scalar> {
 public:
  Operation(const char* operation, Shape size, Backward function, std::array<Node<Scalar>*, Inputs> nodes)
      : Node<Scalar>(operation, size, true), backward_(std::move(function)), inputs_(nodes) {
    for (Node<Scalar>* input : inputs_) ++input->references;
  }

  bool is_leaf() const override { return false; }
  std::span<Node<Scalar>* const> inputs() const override { return inputs_; }

  void backward() override {
    if constexpr (on_cpu<Scalar> && std::is_floating_point_v<Scalar>)
      if (!this->whole) {
        SumOverRanks<Scalar> sums(inputs_);
        call();
        return sums.finish(*this->share().ranks);
      }
    call();
  }

 private:
  static_assert(Inputs <= SumOverRanks<Scalar>::most_inputs);

  void call() {
    const Result<Scalar> result{this->value, this->gradient, this->shape};
    std::apply([&](auto*... input) { backward_(result, Input<Scalar>(*input)...); }, inputs_);
  }

  Backward backward_;
  std::array<Node<Scalar>*, Inputs> inputs_;
};

[[noreturn]] inline void throw_shared(const char* operation, const char* operand) {
  throw Error(ErrorCode::usage, std::string(operation) + ": the rows of '" + operand +
                                    "' are shared among processes, and each of them has only some");
}

/// Whose rows an operation's result has: those of its inputs. Throws Error (usage) if it has others.
template <class Scalar>
RowShare share_of_result(const char* name, Shape shape, std::span<Node<Scalar>* const> inputs) {
  for (const Node<Scalar>* input : inputs)
    if (!input->whole) {
      if (input->shape.rows != shape.rows) throw_shared(name, input->name);
      return input->share();
    }
  return {};
}

/// Whether other processes have some of the rows of x.
template <class X>
bool is_shared(const X& x) {
  return x.node() != nullptr && !x.node()->whole;
}

/// Throws Error (usage) if they have.
template <class X>
void require_all_rows(const char* name, const X& x) {
  if (is_shared(x)) throw_shared(name, x.node()->name);
}

[[noreturn, gnu::cold]] inline void throw_operand(const char* operation, const char* operand) {
  throw Error(ErrorCode::usage, operand == nullptr ? std::string(operation) + ": an operand holds no value yet"
                                                   : std::string(operation) + ": an operand ('" + operand +
                                                         "') belongs to another thread");
}

/// Throws Error (usage) if an operand has no node, or one on another tape.
template <class Scalar>
void require_operand(const char* operation, const Tape<Scalar>& tape, const Node<Scalar>* node) {
  if (node == nullptr) throw_operand(operation, nullptr);
  if (node->tape != &tape) throw_operand(operation, node->name);
}

/// What becomes of rows that are shared among processes.
enum class RowUse { each, sum };

/// Computes forward(y) into a new value of the given shape, and records backward(result, input...) if an input wants
/// a gradient. Rows and Cols are what is known of the shape while compiling. An operation with RowUse::sum adds up
/// rows, those of other processes, too; all others have a row of the result for each of the inputs that are shared.
template <Index Rows, Index Cols, class Scalar, RowUse Use = RowUse::each, class Forward, class Backward,
          class... Inputs>
Var<Scalar, Rows, Cols> record(const char* name, Shape shape, const Forward& forward, Backward&& backward,
                               const Inputs&... inputs) {
  auto& tape = Tape<Scalar>::current();
  const std::array<Node<Scalar>*, sizeof...(Inputs)> nodes{inputs.node()...};
  for (const Node<Scalar>* node : nodes) require_operand(name, tape, node);
  const bool wanted = recording && (... || inputs.node()->wants_gradient);
  using Op = Operation<Scalar, std::decay_t<Backward>, sizeof...(Inputs)>;
  const Var<Scalar, Rows, Cols> y(wanted ? static_cast<Node<Scalar>*>(tape.template append_value<Op>(
                                               name, shape, std::forward<Backward>(backward), nodes))
                                         : tape.template append_value<Node<Scalar>>(name, shape, false));
  if (Use == RowUse::each && (... || is_shared(inputs))) [[unlikely]]
    tape.set_share(y.node(), share_of_result<Scalar>(name, shape, nodes));
  forward(y.node()->value);
  return y;
}

}  // namespace tinynet::detail
