// Parameters: named views into one flat vector that belongs to a net.
#pragma once

#include <algorithm>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <string>
#include <tinynet/autodiff/device_gradient.hpp>
#include <tinynet/autodiff/var.hpp>
#include <vector>

namespace tinynet {

/// The part of a flat vector that one parameter takes, and what has happened to it.
struct ParameterPlace {
  Index begin, size;          ///< which of the numbers
  bool moved_away = false;    ///< whether the parameter lies elsewhere now, so that changes here do not reach it
  std::uint64_t changes = 0;  ///< how often optimizers, assignments and loading have changed its numbers
};

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
  std::forward_list<ParameterPlace> places;                ///< of every parameter that lies here, or has lain here
};

namespace detail {

[[noreturn, gnu::cold]] inline void throw_moved() {
  throw Error(ErrorCode::usage,
              "backward: the parameters have been moved since they were used, into the flat vector of an optimizer "
              "or of another net; make the optimizer first, and compute the loss again");
}

/// Some numbers of a flat vector, one after another: those of one parameter or of several. What it refers to stays as
/// long as it does.
template <class Scalar>
struct ParameterRange {
  std::shared_ptr<FlatParameters<Scalar>> storage{};  ///< null: there is no such range
  Index begin = 0, size = 0;

  explicit operator bool() const { return storage != nullptr; }
  /// Is it the whole flat vector?
  bool is_whole() const { return begin == 0 && size == storage->size(); }

  Scalar* values() const { return storage->value.data() + begin; }
  Scalar* gradients() const { return storage->gradient.data() + begin; }
  void zero_gradient() const {
    if (is_whole())
      storage->gradient.setZero();  // which a device may put off
    else
      fill(gradients(), size, number_of<Scalar>(0));
  }

  /// Throws Error (usage) if gradients here would not reach the parameters that they are of.
  void require_in_place() const {
    for (const auto& place : storage->places)
      if (place.moved_away && place.begin < begin + size && begin < place.begin + place.size) throw_moved();
  }
};

/// A parameter on a tape. What it refers to stays as long as it does.
template <class Scalar>
class ParameterNode final : public Node<Scalar> {
 public:
  ParameterNode(std::shared_ptr<FlatParameters<Scalar>> storage, const ParameterPlace* place, Shape size)
      : Node<Scalar>("parameter", size, recording),
        storage_(std::move(storage)),
        place_(place),
        changes_(place->changes) {
    this->numbers_lie = NumbersLie::outside;
    this->value = storage_->value.data() + place->begin;
    this->gradient = exposed_data(storage_->gradient) + place->begin;
  }

  void require_value() const override {
    if (place_->changes != changes_)
      throw Error(ErrorCode::usage, "backward: a parameter " + to_string(this->shape) +
                                        " has changed since it was used, by a step of an optimizer or an assignment; "
                                        "compute the loss again");
  }
  void require_gradient() const override {
    if (place_->moved_away) throw_moved();
  }

 private:
  std::shared_ptr<FlatParameters<Scalar>> storage_;
  const ParameterPlace* place_;  // in the storage
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
      : storage_(std::make_shared<FlatParameters<Scalar>>(shape.size())),
        place_(&storage_->places.emplace_front(ParameterPlace{0, shape.size()})),
        shape_(shape),
        rank_(rank) {}
  AnyParameter(const AnyParameter& other) : AnyParameter(other.shape_, other.rank_) { copy_numbers(other); }
  AnyParameter(AnyParameter&&) noexcept = default;
  AnyParameter& operator=(const AnyParameter& other) {
    if (shape_ != other.shape_ || rank_ != other.rank_) return *this = AnyParameter(other);
    copy_numbers(other);
    return *this;
  }
  /// Takes the other's place: whoever trains that one trains this one from now on.
  AnyParameter& operator=(AnyParameter&& other) noexcept {
    if (this == &other) return *this;
    leave();
    storage_ = std::move(other.storage_);
    place_ = other.place_;
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
  Scalar* data() { return storage_->value.data() + offset(); }
  const Scalar* data() const { return storage_->value.data() + offset(); }
  /// The gradient, row by row.
  Scalar* gradient_data() const { return detail::exposed_data(storage_->gradient) + offset(); }

  /// Where its numbers lie.
  const std::shared_ptr<FlatParameters<Scalar>>& storage() const& { return storage_; }
  std::shared_ptr<FlatParameters<Scalar>> storage() const&& { return storage_; }
  /// Where in the flat vector its numbers begin.
  Index offset() const { return place_->begin; }
  /// The part of the flat vector that is its own.
  ParameterPlace& place() const { return *place_; }

  /// Says that the numbers have been written, all of them: a loss that was computed from what they were before has no
  /// gradient any more, and an optimizer forgets what rounding has kept from them.
  void mark_changed() noexcept { ++place_->changes; }

  /// Moves the numbers to another flat vector; later changes go there.
  void move_to(std::shared_ptr<FlatParameters<Scalar>> storage, Index offset) {
    using detail::copy;
    copy(data(), size(), storage->value.data() + offset);
    copy(storage_->gradient.data() + this->offset(), size(), storage->gradient.data() + offset);
    leave();
    place_ = &storage->places.emplace_front(ParameterPlace{offset, size()});
    storage_ = std::move(storage);
  }

  /// Could a copy of the other's numbers take the place of these without anybody seeing that the other has not moved
  /// here itself? Then it is of the same shape, and no optimizer, tape or other parameter knows where it lies.
  bool can_take_numbers_of(const AnyParameter& other) const {
    return storage_ != nullptr && shape_ == other.shape_ && rank_ == other.rank_ && other.storage_.use_count() == 1;
  }

 private:
  void copy_numbers(const AnyParameter& other) {
    using detail::copy;
    copy(other.data(), size(), data());
    mark_changed();
  }

  void leave() noexcept {
    if (storage_) place_->moved_away = true;
  }

  std::shared_ptr<FlatParameters<Scalar>> storage_;
  ParameterPlace* place_;  // in the storage
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

  /// The numbers [rows, cols], to be read or changed: a view, and a copy from a temporary.
  detail::view_of<Scalar, Rows, Cols> value() & { return {this->data(), this->shape().rows, this->shape().cols}; }
  detail::const_view_of<Scalar, Rows, Cols> value() const& {
    return {this->data(), this->shape().rows, this->shape().cols};
  }
  const detail::matrix_of<Scalar, Rows, Cols> value() const&& { return detail::copy_of(value()); }
  /// The gradient [rows, cols], in the same way.
  detail::view_of<Scalar, Rows, Cols> grad() const& {
    return {this->gradient_data(), this->shape().rows, this->shape().cols};
  }
  const detail::matrix_of<Scalar, Rows, Cols> grad() const&& { return detail::copy_of(grad()); }

  /// This parameter on the calling thread's tape.
  Var<Scalar, Rows, Cols> var() const {
    auto& tape = detail::Tape<Scalar>::current();
    return Var<Scalar, Rows, Cols>(
        tape.template append<detail::ParameterNode<Scalar>>(this->storage(), &this->place(), this->shape()));
  }
};

namespace detail {

/// Where the parameters lie, in this order: those that follow one another in a flat vector are one range.
template <class Scalar>
std::vector<ParameterRange<Scalar>> parameter_ranges(const std::vector<AnyParameter<Scalar>*>& parameters) {
  std::vector<ParameterRange<Scalar>> ranges;
  for (const AnyParameter<Scalar>* parameter : parameters) {
    if (!ranges.empty() && ranges.back().storage == parameter->storage() &&
        ranges.back().begin + ranges.back().size == parameter->offset())
      ranges.back().size += parameter->size();
    else
      ranges.push_back({parameter->storage(), parameter->offset(), parameter->size()});
  }
  return ranges;
}

/// Are the parameters one flat vector already, in this order and with nothing else in it?
template <class Scalar>
bool is_flat(const std::vector<AnyParameter<Scalar>*>& parameters) {
  const auto ranges = parameter_ranges(parameters);
  return ranges.size() == 1 && ranges.front().is_whole();
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

/// Does anything but these ranges lie in the flat vector of one of them?
template <class Scalar>
bool share_their_vectors(const std::vector<ParameterRange<Scalar>>& ranges) {
  for (const auto& range : ranges) {
    Index others = range.storage->size();
    for (const auto& own : ranges)
      if (own.storage == range.storage) others -= own.size;
    for (const auto& place : range.storage->places)
      if (place.moved_away) others -= place.size;
    if (others > 0) return true;
  }
  return false;
}

/// Where an optimizer finds the parameters. Those that lie apart are joined to one flat vector. But a part of a net
/// stays within the net's: this remains one vector, and the rest of it what it is.
template <class Scalar>
std::vector<ParameterRange<Scalar>> gather(const std::vector<AnyParameter<Scalar>*>& parameters) {
  auto ranges = parameter_ranges(parameters);
  const bool apart = std::any_of(ranges.begin(), ranges.end(),
                                 [&](const auto& range) { return range.storage != ranges.front().storage; });
  if (!apart || share_their_vectors(ranges)) return ranges;
  flatten(parameters);
  return parameter_ranges(parameters);
}

}  // namespace detail
}  // namespace tinynet
