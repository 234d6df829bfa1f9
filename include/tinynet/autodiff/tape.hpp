// The tape: what has been computed on this thread, in order, so that `backward()` can walk it the other way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <tinynet/core/error.hpp>
#include <tinynet/core/numbers.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/ranks.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/core/threads.hpp>
#include <type_traits>
#include <utility>

namespace tinynet {
namespace detail {

inline thread_local bool recording = true;

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

template <class Scalar>
class Tape;

/// A value on the tape. The base class is a leaf: an input, a constant or a parameter.
template <class Scalar>
class Node {
 public:
  Node(const char* operation, Shape size, bool wanted) noexcept
      : name(operation), shape(size), wants_gradient(wanted) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  /// Adds this node's part to the gradients of its inputs.
  virtual void backward() {}
  virtual bool is_leaf() const { return true; }
  /// Throw Error (usage) if the value is not what it was when it was recorded, or if nobody has its gradient any more.
  virtual void require_value() const {}
  virtual void require_gradient() const {}
  /// Writes a value that is pending.
  virtual void compute() {}
  /// Whether backward() of a root takes no gradient at all for 1, so that nobody has to write a 1 somewhere.
  virtual bool null_is_one() const { return false; }

  const char* name;
  Shape shape;
  RowShare share{};  // whose rows these are, if other processes have the others
  bool wants_gradient;
  bool freed = false;      // backward() has been here and let go of the inputs
  bool owns_value = true;  // false: the numbers are the user's or a net's
  bool owns_gradient = true;
  bool pending = false;  // the value is that of inputs[0], transposed, and compute() has still to write it
  Scalar* value = nullptr;
  Scalar* gradient = nullptr;  // null: zero
  Tape<Scalar>* tape = nullptr;
  std::size_t references = 1;
  std::span<Node*> inputs{};  // each holds a reference

 private:
  friend class Tape<Scalar>;
  Node* previous_ = nullptr;  // the tape, in the order of recording
  Node* next_ = nullptr;
  Node* link_ = nullptr;  // a list made while walking
  std::size_t bytes_ = 0;
};

/// The nodes of one thread and one scalar type, in the order in which they were recorded, and their memory.
/// A node lives as long as something refers to it: a Var, or a node computed from it. Memory goes back to the
/// thread's pool, so a loop that does the same again allocates nothing.
template <class Scalar>
class Tape {
 public:
  using NodeType = Node<Scalar>;

  static Tape& current() { return ThreadOwned<Tape>::of_thread(); }

  /// Appends a node of type T, made from the arguments; it starts with one reference.
  template <class T, class... Arguments>
  T* append(Arguments&&... arguments) {
    void* const memory = pool_.allocate(sizeof(T));
    T* node = nullptr;
    try {
      node = ::new (memory) T(std::forward<Arguments>(arguments)...);
    } catch (...) {
      pool_.deallocate(memory, sizeof(T));
      throw;
    }
    node->bytes_ = sizeof(T);
    node->tape = this;
    node->previous_ = last_;
    if (last_ != nullptr) last_->next_ = node;
    last_ = node;
    ++size_;
    return node;
  }

  Scalar* allocate_numbers(Index count) { return numbers_.allocate(count); }
  void free_numbers(Scalar* numbers, Index count) noexcept { numbers_.deallocate(numbers, count); }

  /// Drops one reference; the nodes that nobody refers to any more go, without recursion.
  void release(NodeType* node) noexcept {
    if (--node->references != 0) return;
    NodeType* pending = node;
    pending->link_ = nullptr;
    while (pending != nullptr) {
      NodeType* const dead = std::exchange(pending, pending->link_);
      for (NodeType* input : dead->inputs)
        if (--input->references == 0) {
          input->link_ = pending;
          pending = input;
        }
      destroy(dead);
    }
  }

  /// Computes the gradient of `root` (times the numbers at `upstream`; null: ones) by every leaf it was computed from.
  void backward(NodeType* root, const Scalar* upstream, bool retain_graph) {
    check_root(root);
    const bool one = upstream == nullptr && root->gradient == nullptr && root->null_is_one();
    if (!one) add_gradient(root, upstream);
    NodeType* visited = nullptr;
    try {
      for (NodeType* node = root; node != nullptr; node = node->previous_) {
        if ((node->gradient == nullptr && !(one && node == root)) || node->is_leaf()) continue;
        check_not_freed(node);
        node->link_ = std::exchange(visited, node);
        node->backward();
        drop_gradient(node);
      }
    } catch (...) {
      for (NodeType* node = root; node != nullptr; node = node->previous_)
        if (node->gradient != nullptr && !node->is_leaf()) drop_gradient(node);
      throw;
    }
    if (!retain_graph) free_graph(visited);
  }

  /// The same for several roots that have no inputs and take a null gradient for 1: what they do must not depend on
  /// each other, since they do it at the same time where there are threads.
  void backward_apart(std::span<NodeType* const> roots, bool retain_graph) {
    for (NodeType* const root : roots) check_root(root);
    parallel_apart(static_cast<Index>(roots.size()),
                   [roots](Index i, int) { roots[static_cast<std::size_t>(i)]->backward(); });
    for (NodeType* const root : roots) root->freed = !retain_graph;
  }

  void drop_gradient(NodeType* node) noexcept {
    if (node->owns_gradient && node->gradient != nullptr)
      free_numbers(std::exchange(node->gradient, nullptr), node->shape.size());
  }

  /// How many nodes there are now.
  std::size_t size() const { return size_; }

 private:
  friend class ThreadOwned<Tape>;
  Tape() { pool_.hold(); }
  ~Tape() {
    ThreadOwned<Tape>::forget(this);
    pool_.drop();
  }

  // The thread ends: the tape goes with its last node.
  void abandon() noexcept {
    abandoned_ = true;
    if (size_ == 0) delete this;
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
    if (node->freed)
      throw Error(ErrorCode::usage, std::string("backward: the tape behind '") + node->name +
                                        "' was freed by an earlier backward(); compute it again, or keep it with "
                                        "backward(RetainGraph{true})");
  }

  void add_gradient(NodeType* node, const Scalar* upstream) {
    const Index count = node->shape.size();
    if (node->gradient != nullptr) {
      const Buffer<Scalar> ones(upstream == nullptr ? count : 0);
      if (upstream == nullptr) fill(ones.data(), count, number_of<Scalar>(1));
      add(upstream == nullptr ? ones.data() : upstream, count, node->gradient);
      return;
    }
    node->gradient = allocate_numbers(count);
    if (upstream == nullptr)
      fill(node->gradient, count, number_of<Scalar>(1));
    else
      copy(upstream, count, node->gradient);
  }

  // The visited nodes let go of their inputs. Each is held while that happens, since an input may be on the list.
  void free_graph(NodeType* visited) noexcept {
    for (NodeType* node = visited; node != nullptr; node = node->link_) ++node->references;
    for (NodeType* node = visited; node != nullptr;) {
      NodeType* const following = node->link_;
      node->freed = true;
      for (NodeType* input : std::exchange(node->inputs, {})) release(input);
      release(node);
      node = following;
    }
  }

  void destroy(NodeType* node) noexcept {
    if (node->owns_value && node->value != nullptr) free_numbers(node->value, node->shape.size());
    drop_gradient(node);
    (node->previous_ != nullptr ? node->previous_->next_ : unused_) = node->next_;
    (node->next_ != nullptr ? node->next_->previous_ : last_) = node->previous_;
    const std::size_t bytes = node->bytes_;
    node->~NodeType();
    pool_.deallocate(node, bytes);
    if (--size_ == 0 && abandoned_) delete this;
  }

  MemoryPool& pool_ = thread_memory_pool();
  NumberMemory<Scalar> numbers_;
  NodeType* last_ = nullptr;
  NodeType* unused_ = nullptr;
  std::size_t size_ = 0;
  bool abandoned_ = false;
};

}  // namespace detail
}  // namespace tinynet
