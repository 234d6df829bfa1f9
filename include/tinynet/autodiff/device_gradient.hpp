// The gradients of parameters on a device. What is to happen to them is put off until somebody looks at them: an
// optimizer can then do all of it in one step with its own.
#pragma once

#include <tinynet/autodiff/var.hpp>
#include <tinynet/core/device_matrix.hpp>
#include <utility>

namespace tinynet::detail {

/// A gradient that is known, but not yet added to where it belongs.
template <class Scalar>
class PendingGradient {
 public:
  /// gradient = it, or gradient += it.
  virtual void put(Scalar* gradient, bool accumulate) = 0;

 protected:
  ~PendingGradient() = default;
};

/// A vector of gradients.
template <class Scalar>
class DeviceGradient {
 public:
  explicit DeviceGradient(Index size) : numbers_(size, 1) {}

  Index size() const { return numbers_.size(); }
  /// The numbers, to be used at once.
  Scalar* data() {
    settle();
    return numbers_.data();
  }
  /// The numbers, for somebody who keeps the pointer. From now on nothing is put off any more.
  Scalar* expose() {
    exposed_ = true;
    return data();
  }
  Eigen::Matrix<number_of<Scalar>, Eigen::Dynamic, 1> to(Cpu) const {
    settle();
    return numbers_.to(cpu);
  }

  void setZero() {
    pending_ = nullptr;
    owner_ = {};
    zero_ = true;
    if (exposed_) settle();
  }

  /// Adds a gradient, in the end. `owner` is the value on the tape that it belongs to.
  void add(PendingGradient<Scalar>* pending, const Var<Scalar, 1, 1>& owner) {
    settle_all_but_zero();
    if (zero_) {
      pending_ = pending;
      owner_ = owner;
    } else {
      pending->put(numbers_.data(), true);
    }
  }

  /// What is pending, if nothing else has been added since the last setZero(), and null otherwise; and the value on the
  /// tape that keeps it. The caller writes it to numbers().
  std::pair<PendingGradient<Scalar>*, Var<Scalar, 1, 1>> take() {
    zero_ = zero_ && pending_ == nullptr;
    return {std::exchange(pending_, nullptr), std::exchange(owner_, {})};
  }
  /// Where the numbers are, whether they are settled or not.
  Scalar* numbers() { return numbers_.data(); }

 private:
  void settle_all_but_zero() const {
    if (pending_ == nullptr) return;
    std::exchange(pending_, nullptr)->put(numbers_.data(), false);
    owner_ = {};
    zero_ = false;
  }
  void settle() const {
    settle_all_but_zero();
    if (zero_) numbers_.setZero();
    zero_ = false;
  }

  mutable DeviceMatrix<Scalar, dynamic, 1> numbers_;
  bool exposed_ = false;
  mutable bool zero_ = true;                            // the numbers are 0, whatever they look like
  mutable PendingGradient<Scalar>* pending_ = nullptr;  // what is to be added to 0
  mutable Var<Scalar, 1, 1> owner_;
};

/// Where gradients are, for somebody who keeps the pointer.
template <class Vector>
auto* exposed_data(Vector& gradient) {
  if constexpr (requires { gradient.expose(); })
    return gradient.expose();
  else
    return gradient.data();
}

template <class Scalar>
struct GradientVector {
  using type = vector_of<Scalar>;
};
template <class Number, class Device>
struct GradientVector<On<Number, Device>> {
  using type = DeviceGradient<On<Number, Device>>;
};

}  // namespace tinynet::detail
