// The tape: what has been computed on this thread, in order, so that `backward()` can walk it the other way.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <tinynet/autodiff/node_list.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/threads.hpp>
#include <type_traits>
#include <utility>

namespace tinynet {
namespace detail {

inline constinit thread_local bool recording = true;

}  // namespace detail

/// While one of these lives, operations on this thread compute values and record nothing (PyTorch's no_grad).
class NoGrad {
 public:
  /// From now on; if not `on`, all stays as it is.
  explicit NoGrad(bool on = true) : before_(std::exchange(detail::recording, detail::recording && !on)) {}
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;
  ~NoGrad() { detail::recording = before_; }

 private:
  bool before_;
};

/// Calls f() with nothing recorded and returns what it returns; a net's output is computed before that.
template <class F>
decltype(auto) no_grad(F&& f) {
  const NoGrad guard;
  using Result = decltype(std::forward<F>(f)());
  if constexpr (requires(std::remove_reference_t<Result> * result) { result->is_computed(); }) {  // Result may be void
    Result result = std::forward<F>(f)();
    result.var();
    return result;
  } else {
    return std::forward<F>(f)();
  }
}

namespace detail {

/// The nodes of one thread and one scalar type.
template <class Scalar>
class Tape : public NodeList<Scalar> {
 public:
  using NodeType = Node<Scalar>;
  using List = NodeList<Scalar>;

  static Tape& current() { return ThreadOwned<Tape>::of_thread(); }
  /// Null if the thread has none yet.
  static Tape* current_or_null() { return ThreadOwned<Tape>::of_thread_or_null(); }

  /// Computes the gradient of `root` (times the numbers at `upstream`; null: ones) by every leaf it was computed from.
  void backward(NodeType* root, const Scalar* upstream, bool retain_graph) {
    check_root(root);
    const bool one = upstream == nullptr && root->gradient == nullptr && root->null_is_one();
    if (!one) add_gradient(root, upstream);
    if constexpr (on_cpu<Scalar>)
      if (this->has_only_numbers() && !retain_graph) return backward_numbers(root);
    std::size_t walked = 0;
    try {
      for (NodeType* node = root; node != this->end(); node = List::before(node)) {
        if (is_leaf(node) || (node->gradient == nullptr && !(one && node == root))) continue;
        check_not_freed(node);
        if constexpr (on_cpu<Scalar>)  // where there are numbers by themselves
          if (node->number_inputs != 0) give(static_cast<NumberNode<Scalar>*>(node));
        node->backward();
        this->drop_gradient(node);
        node->walk = Walk::done;
        ++walked;
      }
    } catch (...) {
      for (NodeType* node = root; node != this->end(); node = List::before(node)) {
        if (!is_leaf(node)) this->drop_gradient(node);
        if (node->walk == Walk::done) node->walk = Walk::ahead;
      }
      throw;
    }
    finish(root, walked, retain_graph);
  }

  /// The same for several roots that have no inputs and take a null gradient for 1: what they do must not depend on
  /// each other, since they do it at the same time where there are threads.
  void backward_apart(std::span<NodeType* const> roots, bool retain_graph) {
    for (NodeType* const root : roots) check_root(root);
    parallel_apart(static_cast<Index>(roots.size()),
                   [roots](Index i, int) { roots[static_cast<std::size_t>(i)]->backward(); });
    if (!retain_graph)
      for (NodeType* const root : roots) root->walk = Walk::freed;
  }

 private:
  friend class ThreadOwned<Tape>;
  friend class NodeList<Scalar>;
  Tape() : List(this) {}
  ~Tape() { ThreadOwned<Tape>::forget(this); }

  // The thread ends: the tape goes with its last node.
  void abandon() noexcept {
    this->abandoned_ = true;
    if (this->is_empty()) delete this;
  }

  void check_root(const NodeType* root) const {
    if (this != &current())
      throw Error(ErrorCode::usage, std::string("backward: '") + root->name + "' belongs to another thread");
    if (!root->wants_gradient)
      throw Error(ErrorCode::usage, std::string("backward: nothing that '") + root->name +
                                        "' was computed from wants a gradient (or it was computed under no_grad)");
    check_not_freed(root);
  }

  static void check_not_freed(const NodeType* node) {
    if (node->walk == Walk::freed)
      throw Error(ErrorCode::usage, std::string("backward: the tape behind '") + node->name +
                                        "' was freed by an earlier backward(); compute it again, or keep it with "
                                        "backward(RetainGraph{true})");
  }

  static bool is_leaf(const NodeType* node) { return node->number_inputs == 0 && !node->computed; }

  void add_gradient(NodeType* node, const Scalar* upstream) {
    const Index count = node->shape.size();
    if (node->gradient != nullptr) {
      const Buffer<Scalar> ones(upstream == nullptr ? count : 0);
      if (upstream == nullptr) fill(ones.data(), count, number_of<Scalar>(1));
      add(upstream == nullptr ? ones.data() : upstream, count, node->gradient);
      return;
    }
    this->new_gradient(node);
    if (upstream == nullptr)
      fill(node->gradient, count, number_of<Scalar>(1));
    else
      copy(upstream, count, node->gradient);
  }

  // backward() of a number: its gradient times the slopes.
  void give(NumberNode<Scalar>* node) {
    require_inputs(node);
    const Scalar dy = *node->gradient;
    for (int i = 0; i < node->number_inputs; ++i) {
      NodeType* const input = node->inputs_[i];
      const Scalar dx = dy * node->slopes_[i];
      if (input->gradient == nullptr)
        *this->new_gradient(input) = dx;
      else
        *input->gradient += dx;
    }
  }
  static void require_inputs(const NodeType* node) {
    if (node->wary)
      for (const NodeType* const input : node->inputs()) {
        input->require_value();
        input->require_gradient();
      }
  }

  // After a walk from the root through `due` nodes: these let go of their inputs, unless they are to be walked through
  // again. An input is older than what was computed from it, so all who refer to a node have been met before it.
  void finish(NodeType* root, std::size_t due, bool retain_graph) noexcept {
    for (NodeType* node = root; node != this->end() && due != 0;) {  // walked through, or referred to by nobody
      NodeType* const older = List::before(node);
      if (node->walk == Walk::done) {
        --due;
        node->walk = retain_graph ? Walk::ahead : Walk::freed;
        if (!retain_graph) due += List::drop_inputs(node);
      }
      if (node->references == 0) due += this->destroy_on_the_way(node) - 1;
      node = older;
    }
  }

  // Both at once, where nothing but numbers was computed: what fails then fails for ever (an input was freed, a
  // parameter has changed), so a node lets go of its inputs as soon as it has been walked through.
  [[gnu::noinline]] void backward_numbers(NodeType* root) {
    std::size_t due = is_leaf(root) ? 0 : 1;  // nodes with a gradient to pass on, and those that nobody refers to
    for (NodeType* node = root; due != 0;) {
      NodeType* const older = List::before(node);
      if (node->number_inputs != 0 && node->gradient != nullptr) {
        auto* const number = static_cast<NumberNode<Scalar>*>(node);
        if (node->walk == Walk::freed || node->wary) [[unlikely]]
          check_number(number);
        const Scalar dy = *node->gradient;
        due += give_and_let_go(number->inputs_[0], dy * number->slopes_[0]) - 1;
        if (node->number_inputs == 2) due += give_and_let_go(number->inputs_[1], dy * number->slopes_[1]);
        node->gradient = nullptr;
        node->walk = Walk::freed;
      }
      if (node->references == 0) due += this->destroy_on_the_way(node) - 1;
      node = older;
    }
  }
  [[gnu::always_inline]] static std::size_t give_and_let_go(NodeType* input, Scalar dx) noexcept {
    std::size_t due = 0;
    if (Scalar* const gradient = input->gradient; gradient == nullptr) {
      Scalar* const value = input->value;
      input->gradient = value + 1;
      value[1] = dx;
      due = input->number_inputs != 0 ? 1 : 0;
    } else {
      *gradient += dx;
    }
    return due + (--input->references == 0 ? 1 : 0);
  }

  // Throws if the walk must end at this node; else all inputs have room for a gradient.
  [[gnu::noinline]] void check_number(NumberNode<Scalar>* number) {
    try {
      check_not_freed(number);
      require_inputs(number);
      for (NodeType* const input : number->inputs())
        if (input->gradient == nullptr && input->numbers_lie != NumbersLie::inside)
          *this->new_gradient(input) = Scalar(0);
    } catch (...) {
      for (NodeType* node = number; node != this->end();) {
        NodeType* const older = List::before(node);
        if (node->number_inputs != 0) node->gradient = nullptr;
        if (node->references == 0) this->destroy_on_the_way(node);
        node = older;
      }
      throw;
    }
  }
};

}  // namespace detail
}  // namespace tinynet
