// What the tape is made of: a value with its shape, its gradient, and what it was computed from.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tinynet/core/ranks.hpp>
#include <tinynet/core/shape.hpp>
#include <type_traits>

namespace tinynet::detail {

template <class Scalar>
class Tape;
template <class Scalar>
class NodeList;

/// Whose memory a node's value and gradient lie in.
enum class NumbersLie : std::uint8_t {
  on_tape,  ///< each in an array of the tape's
  inside,   ///< in the node's own memory, the gradient behind the value
  outside,  ///< the user's or a net's
};

/// How far backward() is with a node.
enum class Walk : std::uint8_t {
  ahead,
  done,   ///< in a backward() that has not ended
  freed,  ///< by an earlier one, and the inputs have been let go
};

/// What is asked of a node again and again, in one word.
struct NodeFlags {
  bool wants_gradient = false;
  bool whole = true;  // other processes have no other rows
  NumbersLie numbers_lie = NumbersLie::on_tape;
  bool computed = false;           // by an operation with a backward()
  std::uint8_t number_inputs = 0;  // of a NumberNode that was computed; else 0
  bool wary = false;               // of a NumberNode: some numbers of its inputs do not lie inside
  Walk walk = Walk::ahead;
  std::uint8_t units = 0;  // of memory that the node takes; 0: it is larger than SmallBlocks has
};

constexpr std::uint64_t bits(const NodeFlags& flags) { return std::bit_cast<std::uint64_t>(flags); }

/// Whether all of these want a gradient, are whole, and have their numbers inside.
template <class... Nodes>
bool are_usual_numbers(const Nodes&... nodes) {
  constexpr std::uint64_t usual = bits({.wants_gradient = true, .whole = true, .numbers_lie = NumbersLie::inside}),
                          mask = bits({.wants_gradient = true, .whole = true, .numbers_lie = NumbersLie{3}});
  return ((bits(nodes) & ...) & mask) == usual;
}

/// A value on the tape. The base class is a leaf: an input, a constant or a parameter.
template <class Scalar>
class Node : public NodeFlags {
 public:
  Node(const char* operation, Shape size, bool wanted) noexcept
      : NodeFlags{.wants_gradient = wanted}, name(operation), shape(size) {}
  Node(const char* operation, Shape size, const NodeFlags& flags, Tape<Scalar>* on, Scalar* number) noexcept
      : NodeFlags(flags), tape(on), value(number), name(operation), shape(size) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  /// Adds this node's part to the gradients of its inputs.
  virtual void backward() {}
  virtual bool is_leaf() const { return true; }
  /// Of these it holds a reference each, until it is freed.
  virtual std::span<Node* const> inputs() const { return {}; }
  /// Throw Error (usage) if the value is not what it was when it was recorded, or if nobody has its gradient any more.
  /// Asked of a node whose numbers lie outside.
  virtual void require_value() const {}
  virtual void require_gradient() const {}
  /// Writes the value, if that is null yet.
  virtual void compute() {}
  /// Whether backward() of a root takes no gradient at all for 1, so that nobody has to write a 1 somewhere.
  virtual bool null_is_one() const { return false; }

  /// Whose rows these are, if other processes have the others; the tape's set_share sets it.
  RowShare share() const { return whole ? RowShare() : *share_; }

  Tape<Scalar>* tape = nullptr;
  std::size_t references = 1;
  Scalar* value = nullptr;  // null: to be written by compute()
  const char* name;
  Shape shape;
  Scalar* gradient = nullptr;  // null: zero

 private:
  friend class NodeList<Scalar>;
  friend class Tape<Scalar>;
  Node* previous_;   // in the order of recording
  Node* next_;       // of the newest, whatever; of nodes that nobody refers to any more, a list of these
  RowShare* share_;  // if not whole
};

/// A single number, and how it changes with each of at most two others that want a gradient: backward() need not know
/// what operation it was. With no such input it is a leaf.
template <class Scalar>
class NumberNode final : public Node<Scalar> {
  static_assert(std::is_trivially_destructible_v<Scalar>);  // the tape lets it go without a destructor

 public:
  NumberNode(const char* operation, const NodeFlags& flags, Tape<Scalar>* on, Scalar number) noexcept
      : Node<Scalar>(operation, {1, 1}, flags, on, numbers_) {
    numbers_[0] = number;
  }

  bool is_leaf() const override { return this->number_inputs == 0; }
  std::span<Node<Scalar>* const> inputs() const override { return {inputs_, this->number_inputs}; }

 private:
  friend class NodeList<Scalar>;
  friend class Tape<Scalar>;
  void set_inputs() noexcept {}
  void set_inputs(Node<Scalar>* input, Scalar slope) noexcept {
    ++input->references;
    inputs_[0] = input;
    slopes_[0] = slope;
  }
  // What lies side by side is written one after the other, so that two of it can be written at once.
  void set_inputs(Node<Scalar>* first, Scalar first_slope, Node<Scalar>* second, Scalar second_slope) noexcept {
    ++first->references;
    ++second->references;
    inputs_[0] = first;
    inputs_[1] = second;
    slopes_[0] = first_slope;
    slopes_[1] = second_slope;
  }

  Scalar numbers_[2];  // the value and the gradient
  Node<Scalar>* inputs_[2];
  Scalar slopes_[2];
};

}  // namespace tinynet::detail
