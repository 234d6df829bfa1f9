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

/// Calls f(data, size) for the gradients of a net's parameters: all at once where they are one flat vector, as those of
/// a net with an optimizer of its own are, else for each piece of one. Nothing is moved.
template <class Net, class F>
void for_each_gradient(Net& net, const F& f) {
  const auto list = parameter_list(net);
  for (std::size_t i = 0; i < list.size();) {
    auto& storage = *list[i]->storage();
    const Index begin = list[i]->offset();
    Index end = begin;
    for (; i < list.size() && list[i]->storage().get() == &storage && list[i]->offset() == end; ++i)
      end += list[i]->size();
    f(storage.gradient.data() + begin, end - begin);
  }
}

/// numbers[i] = f(numbers[i])
template <class Scalar, class F>
void change(Scalar* numbers, Index size, const F& f) {
  const Shape shape{1, size};
  transform(shape, f, numbers, Source<Scalar>(numbers, shape, shape));
}

}  // namespace detail

/// Scales all gradients of a net so that their Euclidean norm is at most `max_norm`, and returns the norm before, as
/// torch.nn.utils.clip_grad_norm_.
template <class Net>
double clip_grad_norm(Net& net, double max_norm) {
  double squares = 0;
  detail::for_each_gradient(net, [&](auto* gradient, Index size) {
    using detail::squared_norm;
    squares += squared_norm(gradient, size);
  });
  const double norm = std::sqrt(squares), factor = max_norm / (norm + 1e-6);
  if (!(factor >= 1))  // a NaN norm must show
    detail::for_each_gradient(
        net, [&](auto* gradient, Index size) { detail::change(gradient, size, functions::Scale(factor)); });
  return norm;
}

/// Cuts every gradient of a net to [-limit, limit], as torch.nn.utils.clip_grad_value_. A NaN stays a NaN.
template <class Net>
void clip_grad_value(Net& net, double limit) {
  detail::for_each_gradient(
      net, [&](auto* gradient, Index size) { detail::change(gradient, size, functions::Clamp(limit)); });
}

}  // namespace tinynet
