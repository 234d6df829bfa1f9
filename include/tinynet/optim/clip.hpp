// Gradients cut down to size before a step.
#pragma once

#include <algorithm>
#include <cmath>
#include <tinynet/cpu/reduce.hpp>
#include <tinynet/nn/module.hpp>

namespace tinynet {

/// Scales all gradients of a net so that their Euclidean norm is at most `max_norm`, and returns the norm before, as
/// torch.nn.utils.clip_grad_norm_.
template <class Net>
double clip_grad_norm(Net& net, double max_norm) {
  using Scalar = typename Net::Scalar;
  auto& gradient = flat_parameters(net)->gradient;
  const double norm = std::sqrt(detail::sum_of<double>(gradient.size(), [&](Index i) {
    const auto g = static_cast<double>(gradient[i]);
    return g * g;
  }));
  const double factor = max_norm / (norm + 1e-6);
  if (!(factor >= 1)) gradient *= static_cast<Scalar>(factor);  // a NaN norm must show
  return norm;
}

/// Cuts every gradient of a net to [-limit, limit], as torch.nn.utils.clip_grad_value_. A NaN stays a NaN.
template <class Net>
void clip_grad_value(Net& net, double limit) {
  using Scalar = typename Net::Scalar;
  const auto bound = static_cast<Scalar>(limit);
  for (Scalar& g : flat_parameters(net)->gradient) g = g > bound ? bound : g < -bound ? -bound : g;
}

}  // namespace tinynet
