// Gradients cut down to size before a step.
#pragma once

#include <algorithm>
#include <cmath>
#include <tinynet/autodiff/functions.hpp>
#include <tinynet/cpu/reduce.hpp>
#include <tinynet/cpu/transform.hpp>
#include <tinynet/nn/module.hpp>

namespace tinynet {
namespace functions {

/// x cut to [-limit, limit].
struct Clamp : Vectorized {
  double limit;  ///< at least 0
  /// With this limit.
  explicit Clamp(double bound) : limit(bound) {}
  template <class T>
  constexpr T operator()(T x) const {
    const T most = math::select(math::less(T(limit), x), T(limit), x);
    return math::select(math::less(most, T(-limit)), T(-limit), most);
  }
};

}  // namespace functions

namespace detail {

/// numbers[i] = f(numbers[i])
template <class Vector, class F>
void change(Vector& numbers, const F& f) {
  auto* const data = numbers.data();
  const Shape shape{1, numbers.size()};
  transform(shape, f, data, Source<std::remove_pointer_t<decltype(data)>>(data, shape, shape));
}

}  // namespace detail

/// Scales all gradients of a net so that their Euclidean norm is at most `max_norm`, and returns the norm before, as
/// torch.nn.utils.clip_grad_norm_.
template <class Net>
double clip_grad_norm(Net& net, double max_norm) {
  auto& gradient = flat_parameters(net)->gradient;
  using detail::squared_norm;
  const double norm = std::sqrt(squared_norm(gradient.data(), gradient.size()));
  const double factor = max_norm / (norm + 1e-6);
  if (!(factor >= 1)) detail::change(gradient, functions::Scale(factor));  // a NaN norm must show
  return norm;
}

/// Cuts every gradient of a net to [-limit, limit], as torch.nn.utils.clip_grad_value_. A NaN stays a NaN.
template <class Net>
void clip_grad_value(Net& net, double limit) {
  detail::change(flat_parameters(net)->gradient, functions::Clamp(limit));
}

}  // namespace tinynet
