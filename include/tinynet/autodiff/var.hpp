// A handle to a value on the tape: what a user computes with.
#pragma once

#include <ostream>
#include <tinynet/autodiff/tape.hpp>
#include <tinynet/core/device_matrix.hpp>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/math.hpp>
#include <type_traits>

namespace tinynet {

/// Should `backward` keep what it walked, so that it can be walked again?
struct RetainGraph {
  bool value = false;  ///< is it to be kept?
};

/// A Rows x Cols matrix of Scalar (float, double or a complex type) that is the result of an operation, or a leaf.
/// Copies are handles to the same value. A Var belongs to the thread that made it. Sizes that are known while
/// compiling are part of the type; a Var of static size converts to one of dynamic size and, checked, back.
template <class Scalar_, Index Rows_ = dynamic, Index Cols_ = dynamic>
class Var {
 public:
  using Scalar = Scalar_;
  static constexpr Index Rows = Rows_;
  static constexpr Index Cols = Cols_;
  /// An Eigen map of the numbers (on a device a view without numbers to read).
  using View = detail::const_view_of<Scalar, Rows, Cols>;

  Var() = default;
  Var(const Var& other) noexcept : node_(other.node_) { acquire(); }
  Var(Var&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Var& operator=(Var other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Var() {
    if (node_ != nullptr) node_->tape->release(node_);
  }

  /// The same value with its size known better or less well. Throws Error (usage) if the sizes disagree.
  template <Index OtherRows, Index OtherCols>
  requires(!(OtherRows == Rows_ && OtherCols == Cols_) && detail::may_equal(Rows_, OtherRows) &&
           detail::may_equal(Cols_, OtherCols)) Var(const Var<Scalar, OtherRows, OtherCols>& other)
      : node_(other.pending_node()) {
    detail::require_shapes(
        node_ == nullptr || (detail::may_equal(Rows, node_->shape.rows) && detail::may_equal(Cols, node_->shape.cols)),
        "Var", "a matrix of another size was expected", node_ ? node_->shape : Shape{}, {Rows, Cols});
    acquire();
  }

  Index rows() const { return checked().shape.rows; }
  Index cols() const { return checked().shape.cols; }
  Shape shape() const { return checked().shape; }
  /// Will `backward` come here?
  bool requires_grad() const { return checked().wants_gradient; }

  /// The numbers: a view that is valid as long as a handle to this value lives, and a copy from a temporary.
  View value() const& { return View(computed().value, rows(), cols()); }
  const detail::matrix_of<Scalar, Rows, Cols> value() const&& { return detail::copy_of(value()); }
  /// A copy of the numbers, wherever they are.
  Matrix<detail::number_of<Scalar>, Rows, Cols> to(Cpu) const {
    Matrix<detail::number_of<Scalar>, Rows, Cols> numbers(rows(), cols());
    detail::copy_across(computed().value, numbers.size(), numbers.data());
    return numbers;
  }

  /// The number in a 1 x 1 value. Throws Error (usage) if it is larger.
  detail::number_of<Scalar> item() const {
    if (shape().size() != 1)
      throw Error(ErrorCode::usage, "item: expected a single number, found a matrix " + to_string(shape()));
    detail::number_of<Scalar> number;
    detail::copy_across(computed().value, 1, &number);
    return number;
  }

  /// The gradient of what `backward` was called on by this leaf: zeros before the first call, then the sum over all
  /// calls since `zero_grad`. A view, as value() is one; a copy from a temporary. Throws Error (usage) for anything but
  /// a leaf that wants one.
  const detail::matrix_of<Scalar, Rows, Cols> grad() const&& { return detail::copy_of(grad()); }
  detail::view_of<Scalar, Rows, Cols> grad() const& {
    detail::Node<Scalar>& node = checked();
    if (!node.is_leaf() || !node.wants_gradient)
      throw Error(ErrorCode::usage,
                  std::string("grad: '") + node.name + "' keeps no gradient; only variables and parameters do");
    if (node.gradient == nullptr) {
      using detail::fill;
      node.tape->new_gradient(&node);
      fill(node.gradient, node.shape.size(), detail::number_of<Scalar>(0));
    }
    return {node.gradient, rows(), cols()};
  }

  /// Forgets the gradient of this leaf.
  void zero_grad() const { grad().setZero(); }

  /// Adds the gradient of this single number by every variable and parameter it was computed from to theirs.
  /// Frees what it walked, unless told to retain it. Throws Error (usage) on a matrix, on a value that was
  /// computed from none of them, and when called twice.
  void backward(RetainGraph retain = {}) const {
    if (shape().size() != 1)
      throw Error(ErrorCode::usage, "backward: expected a single number, found a matrix " + to_string(shape()) +
                                        "; take its sum or mean, or give the gradient to start from");
    node_->tape->backward(node_, nullptr, retain.value);
  }

  /// The same for a matrix: `upstream` is the gradient of some number by this value, of the same shape.
  template <class Derived>
  void backward(const Eigen::DenseBase<Derived>& upstream, RetainGraph retain = {}) const {
    const Shape own{upstream.rows(), upstream.cols()};
    detail::require_shapes(own == shape(), "backward", "the gradient to start from has another shape than the value",
                           own, shape());
    const detail::Buffer<Scalar> start(own.size());
    detail::write_numbers(upstream, start.data());
    node_->tape->backward(node_, start.data(), retain.value);
  }

  /// The same numbers as a constant: nothing flows back through it.
  Var detach() const {
    auto& tape = *checked().tape;
    const Var constant(tape.template append_value<detail::Node<Scalar>>("detach", shape(), false));
    tape.set_share(constant.node_, node_->share());
    using detail::copy;
    copy(computed().value, shape().size(), constant.node_->value);
    return constant;
  }

  /// For writing operations: the node behind the handle; `Var(node)` takes over one reference.
  explicit Var(detail::Node<Scalar>* node) noexcept : node_(node) {}
  /// For writing operations: the node behind the handle, whose reference is the caller's now.
  detail::Node<Scalar>* give_up() && noexcept { return std::exchange(node_, nullptr); }
  /// For writing operations: the node behind the handle, with its value.
  detail::Node<Scalar>* node() const {
    if (node_ != nullptr && node_->value == nullptr) node_->compute();
    return node_;
  }
  /// The same, which may have no value yet.
  detail::Node<Scalar>* pending_node() const { return node_; }

  friend std::ostream& operator<<(std::ostream& out, const Var& x) { return out << x.to(cpu); }

 private:
  void acquire() const noexcept {
    if (node_ != nullptr) ++node_->references;
  }
  detail::Node<Scalar>& checked() const {
    if (node_ == nullptr) detail::throw_usage("Var: this variable holds no value yet");
    return *node_;
  }

  detail::Node<Scalar>& computed() const {
    checked();
    return *node();
  }

  detail::Node<Scalar>* node_ = nullptr;
};

namespace detail {

template <class Scalar, class Derived>
Node<Scalar>* make_leaf(const char* name, const Eigen::DenseBase<Derived>& numbers, bool wants_gradient) {
  auto& tape = Tape<Scalar>::current();
  const Shape shape{numbers.rows(), numbers.cols()};
  Node<Scalar>* const node = tape.template append_value<Node<Scalar>>(name, shape, wants_gradient);
  write_numbers(numbers, node->value);
  return node;
}

}  // namespace detail

namespace detail {

/// A leaf without a gradient, with a copy of the numbers of a matrix that may be on a device.
template <class Scalar, class M>
auto copied_constant(const char* name, const M& numbers) {
  auto& tape = Tape<Scalar>::current();
  const Shape shape{numbers.rows(), numbers.cols()};
  const Var<Scalar, M::RowsAtCompileTime, M::ColsAtCompileTime> x(
      tape.template append_value<Node<Scalar>>(name, shape, false));
  copy(numbers.data(), shape.size(), x.node()->value);
  return x;
}

}  // namespace detail

/// A leaf whose gradient is wanted, with a copy of these numbers, in the memory of a device if one is given.
template <class Derived, class Device = Cpu>
auto variable(const Eigen::DenseBase<Derived>& numbers, Device = {}) {
  using Scalar = detail::moved_to<typename Derived::Scalar, Device>;
  return Var<Scalar, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>(
      detail::make_leaf<Scalar>("variable", numbers, true));
}

/// A single number whose gradient is wanted.
template <class Scalar>
requires(std::is_floating_point_v<Scalar> || detail::is_complex<Scalar>) Var<Scalar, 1, 1> variable(Scalar number) {
  return variable(Matrix<Scalar, 1, 1>::Constant(number));
}

/// A leaf without a gradient, with a copy of these numbers (converted to Scalar, if one is given), in the memory of a
/// device if one is given.
template <class Scalar = void, class Derived, class Device = Cpu>
auto constant(const Eigen::DenseBase<Derived>& numbers, Device = {}) {
  using Number = std::conditional_t<std::is_void_v<Scalar>, detail::moved_to<typename Derived::Scalar, Device>, Scalar>;
  return Var<Number, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime>(
      detail::make_leaf<Number>("constant", numbers, false));
}

}  // namespace tinynet
