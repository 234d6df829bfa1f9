// Parameters: named views into one flat vector that belongs to a net.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tinynet/autodiff/device_gradient.hpp>
#include <tinynet/autodiff/var.hpp>
#include <vector>

namespace tinynet {

/// The numbers of all parameters of a net, one after another in PyTorch's order, and their gradients.
template <class Scalar>
struct FlatParameters {
  /// A column vector in the memory where the numbers lie.
  using Vector = detail::vector_of<Scalar>;

  /// Zeros.
  explicit FlatParameters(Index size) : value(detail::constant_matrix<Scalar, dynamic, 1>(size, 1, 0)), gradient(size) {
    gradient.setZero();
  }
  /// How many numbers there are.
  Index size() const { return value.size(); }

  Vector value;                                            ///< all numbers
  typename detail::GradientVector<Scalar>::type gradient;  ///< the gradient of each
  bool left = false;  ///< whether a parameter that lay here lies elsewhere now, so that changes here do not reach it
  std::uint64_t changes = 0;  ///< how often optimizers and assignments have changed the numbers
};

namespace detail {

/// Throws Error (usage) if gradients here would not reach the parameters that they are of.
template <class Scalar>
void require_in_place(const FlatParameters<Scalar>& parameters) {
  if (parameters.left)
    throw Error(ErrorCode::usage,
                "backward: the parameters have been moved since they were used, into the flat vector of an optimizer "
                "or of another net; make the optimizer first, and compute the loss again");
}

/// A parameter on a tape. What it refers to stays as long as it does.
template <class Scalar>
class ParameterNode final : public Node<Scalar> {
 public:
  ParameterNode(std::shared_ptr<FlatParameters<Scalar>> storage, Index offset, Shape size)
      : Node<Scalar>("parameter", size, recording), storage_(std::move(storage)), changes_(storage_->changes) {
    this->owns_value = this->owns_gradient = false;
    this->value = storage_->value.data() + offset;
    this->gradient = exposed_data(storage_->gradient) + offset;
  }

  void require_value() const override {
    if (storage_->changes != changes_)
      throw Error(ErrorCode::usage, "backward: a parameter " + to_string(this->shape) +
                                        " has changed since it was used, by a step of an optimizer or an assignment; "
                                        "compute the loss again");
  }
  void require_gradient() const override { require_in_place(*storage_); }

 private:
  std::shared_ptr<FlatParameters<Scalar>> storage_;
  std::uint64_t changes_;
};

}  // namespace detail

/// A parameter whose size is not part of its type: what lists of parameters hold.
/// A copy has numbers of its own; assigning to a parameter of the same shape changes its numbers in place.
template <class Scalar_>
class AnyParameter {
 public:
  using Scalar = Scalar_;

  /// A matrix [rows, cols], or with rank 1 a vector [cols].
  AnyParameter(Shape shape, int rank)
      : storage_(std::make_shared<FlatParameters<Scalar>>(shape.size())), shape_(shape), rank_(rank) {}
  AnyParameter(const AnyParameter& other) : AnyParameter(other.shape_, other.rank_) { copy_numbers(other); }
  AnyParameter(AnyParameter&&) noexcept = default;
  AnyParameter& operator=(const AnyParameter& other) {
    if (shape_ != other.shape_ || rank_ != other.rank_) return *this = AnyParameter(other);
    copy_numbers(other);
    return *this;
  }
  AnyParameter& operator=(AnyParameter&& other) noexcept {
    leave(other.storage_);
    storage_ = std::move(other.storage_);
    offset_ = other.offset_;
    shape_ = other.shape_;
    rank_ = other.rank_;
    return *this;
  }
  ~AnyParameter() = default;

  /// The same numbers and gradients in the memory of another device.
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit AnyParameter(const AnyParameter<Other>& other)
      : AnyParameter(other.shape(), other.rank()) {
    detail::copy_across(other.data(), size(), data());
    detail::copy_across(other.storage()->gradient.data() + other.offset(), size(), storage_->gradient.data());
  }

  Shape shape() const { return shape_; }
  /// 2 for a matrix, 1 for a vector.
  int rank() const { return rank_; }
  /// How many numbers it has.
  Index size() const { return shape_.size(); }

  /// The shape as PyTorch gives it: [rows, cols], or [cols] for a vector.
  std::vector<Index> dimensions() const {
    return rank_ == 1 ? std::vector<Index>{shape_.cols} : std::vector<Index>{shape_.rows, shape_.cols};
  }

  /// The numbers, row by row.
  Scalar* data() { return storage_->value.data() + offset_; }
  const Scalar* data() const { return storage_->value.data() + offset_; }
  /// The gradient, row by row.
  Scalar* gradient_data() const { return detail::exposed_data(storage_->gradient) + offset_; }

  /// Where its numbers lie.
  const std::shared_ptr<FlatParameters<Scalar>>& storage() const { return storage_; }
  /// Where in the flat vector its numbers begin.
  Index offset() const { return offset_; }

  /// Moves the numbers to another flat vector; later changes go there.
  void move_to(std::shared_ptr<FlatParameters<Scalar>> storage, Index offset) {
    using detail::copy;
    copy(data(), size(), storage->value.data() + offset);
    copy(storage_->gradient.data() + offset_, size(), storage->gradient.data() + offset);
    leave(storage);
    storage_ = std::move(storage);
    offset_ = offset;
  }

 private:
  void copy_numbers(const AnyParameter& other) {
    using detail::copy;
    copy(other.data(), size(), data());
    ++storage_->changes;
  }

  // Who has been moved from lies nowhere.
  void leave(const std::shared_ptr<FlatParameters<Scalar>>& next) noexcept {
    if (storage_ && storage_ != next) storage_->left = true;
  }

  std::shared_ptr<FlatParameters<Scalar>> storage_;
  Index offset_ = 0;
  Shape shape_;
  int rank_;
};

/// A Rows x Cols parameter: a leaf of every tape it is used on, whose gradient lies beside its numbers.
template <class Scalar_, Index Rows_ = dynamic, Index Cols_ = dynamic>
class Parameter : public AnyParameter<Scalar_> {
 public:
  using Scalar = Scalar_;
  static constexpr Index Rows = Rows_;
  static constexpr Index Cols = Cols_;

  /// Zeros; with rank 1 a vector [cols].
  explicit Parameter(Index rows = Rows, Index cols = Cols, int rank = 2) : AnyParameter<Scalar>({rows, cols}, rank) {}
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit Parameter(const Parameter<Other, Rows, Cols>& other)
      : AnyParameter<Scalar>(other) {}

  /// The numbers [rows, cols], to be read or changed.
  detail::view_of<Scalar, Rows, Cols> value() { return {this->data(), this->shape().rows, this->shape().cols}; }
  detail::const_view_of<Scalar, Rows, Cols> value() const {
    return {this->data(), this->shape().rows, this->shape().cols};
  }
  /// The gradient [rows, cols].
  detail::view_of<Scalar, Rows, Cols> grad() const {
    return {this->gradient_data(), this->shape().rows, this->shape().cols};
  }

  /// This parameter on the calling thread's tape.
  Var<Scalar, Rows, Cols> var() const {
    auto& tape = detail::Tape<Scalar>::current();
    return Var<Scalar, Rows, Cols>(
        tape.template append<detail::ParameterNode<Scalar>>(this->storage(), this->offset(), this->shape()));
  }
};

namespace detail {

/// Are the parameters one flat vector already, in this order and with nothing else in it?
template <class Scalar>
bool is_flat(const std::vector<AnyParameter<Scalar>*>& parameters) {
  Index offset = 0;
  for (const AnyParameter<Scalar>* parameter : parameters) {
    if (parameter->storage() != parameters.front()->storage() || parameter->offset() != offset) return false;
    offset += parameter->size();
  }
  return !parameters.empty() && offset == parameters.front()->storage()->size();
}

/// Puts the parameters into one flat vector, unless they are, and returns it.
template <class Scalar>
std::shared_ptr<FlatParameters<Scalar>> flatten(const std::vector<AnyParameter<Scalar>*>& parameters) {
  if (is_flat(parameters)) return parameters.front()->storage();
  Index size = 0;
  for (const auto* parameter : parameters) size += parameter->size();
  auto flat = std::make_shared<FlatParameters<Scalar>>(size);
  Index offset = 0;
  for (auto* parameter : parameters) {
    parameter->move_to(flat, offset);
    offset += parameter->size();
  }
  return flat;
}

}  // namespace detail
}  // namespace tinynet
