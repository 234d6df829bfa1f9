// The net of the main job and its gradient, for the tests that compare such.
#pragma once

#include <tinynet/mlp.hpp>

namespace test {

template <class Scalar>
using MainNet = tinynet::BasicMLP<Scalar, tinynet::ReLU, 784, 30, 30, 10>;
template <class Scalar>
using FlatVector = typename tinynet::FlatParameters<Scalar>::Vector;

// Relative, in the norm of all numbers.
template <class A, class B>
double distance(const A& actual, const B& expected) {
  return static_cast<double>((actual - expected).norm() / expected.norm());
}

// The gradient of all parameters, which keep it, too; and the loss if it is asked for.
template <class Scalar, class X, class L>
FlatVector<Scalar> gradient(MainNet<Scalar>& net, const X& x, const L& labels, double* loss_value = nullptr) {
  auto& flat = *tinynet::flat_parameters(net);
  flat.gradient.setZero();
  const auto loss = tinynet::cross_entropy(net(x), labels);
  loss.backward();
  if (loss_value != nullptr) *loss_value = static_cast<double>(loss.item());
  return flat.gradient;
}

}  // namespace test
