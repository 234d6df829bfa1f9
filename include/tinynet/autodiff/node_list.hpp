// The nodes of a tape in the order of recording, their memory, and how long they live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <tinynet/autodiff/node.hpp>
#include <tinynet/core/numbers.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/small_blocks.hpp>
#include <type_traits>
#include <utility>

namespace tinynet::detail {

/// A node lives as long as something refers to it: a Var, or a node computed from it. Memory goes back to the thread's
/// pool, so a loop that does the same again allocates nothing.
template <class Scalar>
class NodeList {
 public:
  using NodeType = Node<Scalar>;

  NodeList(const NodeList&) = delete;
  NodeList& operator=(const NodeList&) = delete;

  /// Appends a node of type T, made from the arguments; it starts with one reference.
  template <class T, class... Arguments>
  T* append(Arguments&&... arguments) {
    return append_with_bytes<T>(sizeof(T), std::forward<Arguments>(arguments)...);
  }

  /// The same with memory for a value of this shape, which the caller has to write. A small value lies in the node, and
  /// so does its gradient.
  template <class T, class... Arguments>
  T* append_value(const char* operation, Shape shape, Arguments&&... arguments) {
    if constexpr (on_cpu<Scalar> && alignof(Scalar) <= SmallBlocks::unit) {
      constexpr std::size_t begin = (sizeof(T) + alignof(Scalar) - 1) / alignof(Scalar) * alignof(Scalar);
      if (const auto count = static_cast<std::size_t>(shape.size()); count <= largest_inside) {
        T* const node = append_with_bytes<T>(begin + 2 * count * sizeof(Scalar), operation, shape,
                                             std::forward<Arguments>(arguments)...);
        node->numbers_lie = NumbersLie::inside;
        node->value = reinterpret_cast<Scalar*>(reinterpret_cast<std::byte*>(node) + begin);
        return node;
      }
    }
    T* const node = append<T>(operation, shape, std::forward<Arguments>(arguments)...);
    try {
      node->value = allocate_numbers(shape.size());
    } catch (...) {
      release(node);
      throw;
    }
    return node;
  }

  /// Whether append_number has memory for one more; seeing to it.
  bool has_number() const { return blocks_.has_block(sizeof(NumberNode<Scalar>)); }
  void reserve_number() { blocks_.reserve(sizeof(NumberNode<Scalar>)); }
  /// Appends a number with these inputs, that want a gradient, and d number / d input for each.
  template <class... InputsAndSlopes>
  [[gnu::always_inline]] NumberNode<Scalar>* append_number(const char* operation, Scalar number,
                                                           InputsAndSlopes... inputs) {
    auto* const node = ::new (blocks_.take(sizeof(NumberNode<Scalar>)))
        NumberNode<Scalar>(operation, number_flags<sizeof...(inputs) / 2>, tape_, number);
    node->set_inputs(inputs...);
    put_last(node);
    return node;
  }

  Scalar* allocate_numbers(Index count) { return numbers_.allocate(count); }
  void free_numbers(Scalar* numbers, Index count) noexcept { numbers_.deallocate(numbers, count); }

  /// Memory for a gradient that a node does not have yet.
  Scalar* new_gradient(NodeType* node) {
    const Index count = node->shape.size();
    return node->gradient = node->numbers_lie == NumbersLie::inside ? node->value + count : allocate_numbers(count);
  }
  void drop_gradient(NodeType* node) noexcept {
    if (node->numbers_lie == NumbersLie::outside) return;
    Scalar* const gradient = std::exchange(node->gradient, nullptr);
    if (gradient != nullptr && node->numbers_lie == NumbersLie::on_tape) free_numbers(gradient, node->shape.size());
  }

  /// Says whose rows a node's are, if other processes have the others.
  void set_share(NodeType* node, const RowShare& share) {
    if (share.ranks == nullptr) return;
    if (node->whole) node->share_ = ::new (blocks_.allocate(sizeof(RowShare))) RowShare;
    node->whole = false;
    *node->share_ = share;
  }

  /// Drops one reference; the nodes that nobody refers to any more go, without recursion.
  void release(NodeType* node) noexcept {
    if (--node->references == 0) [[unlikely]]
      drop(node);
  }

  /// How many nodes there are now.
  std::size_t size() const {
    std::size_t count = 0;
    for (const NodeType* node = end_.previous_; node != &end_; node = node->previous_) ++count;
    return count;
  }

 protected:
  explicit NodeList(Tape<Scalar>* tape) : tape_(tape) {
    pool_.hold();
    end_.previous_ = end_.next_ = &end_;
  }
  ~NodeList() { pool_.drop(); }

  bool is_empty() const { return end_.previous_ == &end_; }
  /// Whether nothing but numbers was computed.
  bool has_only_numbers() const { return computed_ == 0; }
  /// Before the oldest one, so to speak.
  const NodeType* end() const { return &end_; }
  static NodeType* before(const NodeType* node) { return node->previous_; }

  /// The node lets go of its inputs. Returns how many of these nobody refers to any more: they are still on the list.
  static std::size_t drop_inputs(NodeType* node) noexcept {
    std::size_t unused = 0;
    if (node->number_inputs != 0) {
      auto* const number = static_cast<NumberNode<Scalar>*>(node);
      for (int i = 0; i < node->number_inputs; ++i) unused += --number->inputs_[i]->references == 0 ? 1 : 0;
    } else {
      for (NodeType* const input : node->inputs()) unused += --input->references == 0 ? 1 : 0;
    }
    return unused;
  }

  /// A node goes to which nobody refers, on the way from the newer to the older. Returns how many more of the older
  /// ones nobody refers to now: what a node refers to besides its inputs goes with it.
  [[gnu::always_inline]] std::size_t destroy_on_the_way(NodeType* node) noexcept {
    std::size_t unused = 0;
    if (node->walk != Walk::freed) [[unlikely]]
      unused = drop_inputs(node);
    unlink(node);
    if (node->number_inputs != 0) {
      blocks_.deallocate(node, sizeof(NumberNode<Scalar>));
      return unused;
    }
    NodeType* const older = node->previous_;
    const bool counted = older->references++ == 0;
    destroy(node);
    return unused + (--older->references == 0 && !counted ? 1 : 0);
  }

  bool abandoned_ = false;

 private:
  static constexpr std::size_t largest_inside = 16;  // numbers of a value that lies in its node

  template <class T, class... Arguments>
  T* append_with_bytes(std::size_t bytes, Arguments&&... arguments) {
    static_assert(alignof(T) <= SmallBlocks::unit);
    constexpr bool computed = !std::is_same_v<decltype(&T::backward), void (NodeType::*)()>;
    void* const memory = allocate(bytes);
    T* node = nullptr;
    try {
      node = ::new (memory) T(std::forward<Arguments>(arguments)...);
    } catch (...) {
      deallocate(memory, units(bytes));
      throw;
    }
    node->computed = computed;
    if constexpr (computed) ++computed_;
    node->units = units(bytes);
    node->tape = tape_;
    put_last(node);
    return node;
  }

  void put_last(NodeType* node) noexcept {
    node->previous_ = end_.previous_;
    end_.previous_->next_ = node;
    end_.previous_ = node;
  }
  void unlink(NodeType* node) noexcept {
    (node == end_.previous_ ? &end_ : node->next_)->previous_ = node->previous_;
    node->previous_->next_ = node->next_;
  }

  // Nobody refers to this node any more.
  [[gnu::noinline]] void drop(NodeType* node) noexcept {
    NodeType* pending = nullptr;
    const auto put = [&](NodeType* unused) {
      unlink(unused);
      unused->next_ = std::exchange(pending, unused);
    };
    put(node);
    while (pending != nullptr) {
      NodeType* const dead = std::exchange(pending, pending->next_);
      if (dead->walk != Walk::freed)
        for (NodeType* const input : dead->inputs())
          if (--input->references == 0) put(input);
      destroy(dead);
    }
    if (abandoned_ && is_empty()) delete tape_;
  }

  // A node that is not on the list any more.
  void destroy(NodeType* node) noexcept {
    if (node->numbers_lie == NumbersLie::on_tape && node->value != nullptr)
      free_numbers(node->value, node->shape.size());
    drop_gradient(node);
    if (!node->whole) blocks_.deallocate(node->share_, sizeof(RowShare));
    if (node->computed) --computed_;
    const std::uint8_t size = node->units;
    node->~NodeType();
    deallocate(node, size);
  }

  // In units of SmallBlocks; 0 if it is larger than these, and then its size lies before it.
  static constexpr std::uint8_t units(std::size_t bytes) {
    return bytes > SmallBlocks::largest
               ? std::uint8_t{0}
               : static_cast<std::uint8_t>((bytes + SmallBlocks::unit - 1) / SmallBlocks::unit);
  }
  void* allocate(std::size_t bytes) {
    if (bytes <= SmallBlocks::largest) return blocks_.allocate(bytes);
    const std::size_t all = bytes + SmallBlocks::unit;
    auto* const memory = static_cast<std::byte*>(pool_.allocate(all));
    ::new (memory) std::size_t(all);
    return memory + SmallBlocks::unit;
  }
  void deallocate(void* memory, std::uint8_t size) noexcept {
    if (size != 0) return blocks_.deallocate(memory, size * SmallBlocks::unit);
    auto* const begin = static_cast<std::byte*>(memory) - SmallBlocks::unit;
    pool_.deallocate(begin, *reinterpret_cast<std::size_t*>(begin));
  }

  template <std::uint8_t Inputs>
  static constexpr NodeFlags number_flags{.wants_gradient = Inputs != 0,
                                          .numbers_lie = NumbersLie::inside,
                                          .number_inputs = Inputs,
                                          .units = units(sizeof(NumberNode<Scalar>))};

  MemoryPool& pool_ = thread_memory_pool();
  NumberMemory<Scalar> numbers_;
  SmallBlocks blocks_;
  NodeType end_{"", {}, false};
  Tape<Scalar>* tape_;
  std::size_t computed_ = 0;  // how many nodes with a backward() there are
};

}  // namespace tinynet::detail
