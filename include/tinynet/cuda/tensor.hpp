// Eigen's tensors, which run the same expressions on a GPU, in a thread pool, and on one thread: what the verbs of a
// device are written with.
#pragma once

#include <tinynet/core/device.hpp>

// For the reason given in core/eigen.hpp.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#if __has_include(<unsupported/Eigen/Tensor>)
#include <unsupported/Eigen/Tensor>  // Eigen 5
#else
#include <unsupported/Eigen/CXX11/Tensor>
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace tinynet::detail {

/// Numbers on a device as a row-major tensor of Eigen's. Of On<const float, Device> they are read only.
template <int Rank, class Scalar, class... Sizes>
auto tensor(Scalar* numbers, Sizes... sizes) {
  using Plain = Eigen::Tensor<number_of<std::remove_const_t<Scalar>>, Rank, Eigen::RowMajor, Index>;
  using Map = Eigen::TensorMap<std::conditional_t<std::is_const_v<Scalar>, const Plain, Plain>>;
  return Map(address(numbers), sizes...);
}

/// The function of a place that Eigen wants, made of one of a number, or of a row and a column.
template <class F>
struct AtPlace {
  F f;

  template <class Place>
  constexpr auto operator()(const Place& place) const {
    if constexpr (requires { f(place[0]); })
      return f(place[0]);
    else
      return f(place[0], place[1]);
  }
};

/// Has the device compute an expression and put it into a tensor or a part of one.
template <class Device, class To, class Expression>
void evaluate(To&& to, const Expression& expression) {
  to.device(DeviceRuntime<Device>::eigen()) = expression;
  DeviceRuntime<Device>::check("an expression of tensors");
}

/// out[i] = f(i) for i < count. f is called once for each i, on the device: it must be a class with
/// `constexpr Number operator()(Index) const` (a lambda can't be sent there) whose members are plain data, pointers to
/// numbers of the device among them.
template <class Number, class Device, class F>
void each(On<Number, Device>* out, Index count, const F& f) {
  if (count == 0) return;
  auto to = tensor<1>(out, count);
  evaluate<Device>(to, to.generate(AtPlace<F>{f}));
}

}  // namespace tinynet::detail
