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
    node_.require_value();
    return node_.value;
  }
  Shape shape() const { return node_.shape; }
  bool wants_gradient() const { return node_.wants_gradient; }

  /// Where dx goes; to be asked for once, and then filled.
  Target<Scalar> target() const {
    node_.require_gradient();
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
      if (is_first && input->wants_gradient && input->share.ranks == nullptr) f(*input, before_[i]);
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
    this->inputs = inputs_;
  }

  bool is_leaf() const override { return false; }

  void backward() override {
    if constexpr (on_cpu<Scalar> && std::is_floating_point_v<Scalar>)
      if (const Ranks* const ranks = this->share.ranks; ranks != nullptr) {
        SumOverRanks<Scalar> sums(inputs_);
        call();
        return sums.finish(*ranks);
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
    if (input->share.ranks != nullptr) {
      if (input->shape.rows != shape.rows) throw_shared(name, input->name);
      return input->share;
    }
  return {};
}

/// Throws Error (usage) if other processes have some of the rows of x.
template <class X>
void require_all_rows(const char* name, const X& x) {
  if (x.node() != nullptr && x.node()->share.ranks != nullptr) throw_shared(name, x.node()->name);
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
  const auto node_of = [&](const auto& input) {
    Node<Scalar>* const node = input.node();
    if (node == nullptr) throw Error(ErrorCode::usage, std::string(name) + ": an operand holds no value yet");
    if (node->tape != &tape)
      throw Error(ErrorCode::usage,
                  std::string(name) + ": an operand ('" + node->name + "') belongs to another thread");
    return node;
  };
  const std::array<Node<Scalar>*, sizeof...(Inputs)> nodes{node_of(inputs)...};
  const RowShare share = Use == RowUse::sum ? RowShare() : share_of_result<Scalar>(name, shape, nodes);
  const bool wanted = recording && (... || inputs.node()->wants_gradient);
  using Op = Operation<Scalar, std::decay_t<Backward>, sizeof...(Inputs)>;
  const Var<Scalar, Rows, Cols> y(wanted ? static_cast<Node<Scalar>*>(tape.template append<Op>(
                                               name, shape, std::forward<Backward>(backward), nodes))
                                         : tape.template append<Node<Scalar>>(name, shape, false));
  y.node()->share = share;
  y.node()->value = tape.allocate_numbers(shape.size());
  forward(y.node()->value);
  return y;
}

}  // namespace tinynet::detail
