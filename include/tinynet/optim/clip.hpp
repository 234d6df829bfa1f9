// Gradients cut down to size before a step.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <tinynet/autodiff/functions.hpp>
#include <tinynet/cpu/reduce.hpp>
#include <tinynet/cpu/transform.hpp>
#include <tinynet/nn/module.hpp>
#include <vector>

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

/// The gradients of a net's parameters, in as few pieces as they lie in. Nothing is moved.
template <class Net>
auto gradient_pieces(Net& net) {
  std::vector<std::span<typename Net::Scalar>> pieces;
  for (const auto& range : parameter_ranges(parameter_list(net)))
    pieces.emplace_back(range.gradients(), static_cast<std::size_t>(range.size));
  return pieces;
}

/// numbers[i] = f(numbers[i])
template <class Scalar, class F>
void change(std::span<Scalar> numbers, const F& f) {
  const Shape shape{1, static_cast<Index>(numbers.size())};
  transform(shape, f, numbers.data(), Source<Scalar>(numbers.data(), shape, shape));
}

}  // namespace detail

/// Scales all gradients of a net so that their Euclidean norm is at most `max_norm`, and returns the norm before, as
/// torch.nn.utils.clip_grad_norm_.
template <class Net>
double clip_grad_norm(Net& net, double max_norm) {
  const auto pieces = detail::gradient_pieces(net);
  double squares = 0;
  for (const auto piece : pieces) {
    using detail::squared_norm;
    squares += squared_norm(piece.data(), static_cast<Index>(piece.size()));
  }
  const double norm = std::sqrt(squares), factor = max_norm / (norm + 1e-6);
  if (!(factor >= 1))  // a NaN norm must show
    for (const auto piece : pieces) detail::change(piece, functions::Scale(factor));
  return norm;
}

/// Cuts every gradient of a net to [-limit, limit], as torch.nn.utils.clip_grad_value_. A NaN stays a NaN.
template <class Net>
void clip_grad_value(Net& net, double limit) {
  for (const auto piece : detail::gradient_pieces(net)) detail::change(piece, functions::Clamp(limit));
}

}  // namespace tinynet
