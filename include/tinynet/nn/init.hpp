// Initial values of parameters, as PyTorch's torch.nn.init gives them.
#pragma once

#include <cmath>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/random.hpp>
#include <type_traits>
#include <vector>

namespace tinynet::init {

/// An Eigen matrix, array or map that can be written to; a parameter's `value()` for instance.
template <class T>
concept WritableMatrix = std::is_base_of_v<Eigen::DenseBase<std::remove_cvref_t<T>>, std::remove_cvref_t<T>> &&
    !std::is_const_v<std::remove_reference_t<T>>;

/// The factor by which an activation shrinks the numbers, to be made up for (PyTorch's calculate_gain).
struct Gain {
  double value = 1.0;  ///< the factor

  /// Of no activation: 1.
  static Gain linear() { return {1.0}; }
  /// Of tanh: 5/3.
  static Gain tanh() { return {5.0 / 3.0}; }
  /// Of ReLU: sqrt(2).
  static Gain relu() { return {std::sqrt(2.0)}; }
  /// Of a leaky ReLU: sqrt(2 / (1 + slope^2)).
  static Gain leaky_relu(double slope) { return {std::sqrt(2.0 / (1.0 + slope * slope))}; }
};

/// Uniform on [low, high). Drawn in float whatever Scalar is, so that nets of float and double start from the same
/// numbers, and for float bit for bit as PyTorch draws them.
template <WritableMatrix M>
void uniform(M&& numbers, double low, double high, Generator& generator) {
  for (Index r = 0; r < numbers.rows(); ++r)
    for (Index c = 0; c < numbers.cols(); ++c)
      numbers(r, c) = static_cast<typename std::remove_cvref_t<M>::Scalar>(
          generator.uniform(static_cast<float>(low), static_cast<float>(high)));
}

/// Normal with this mean and standard deviation (drawn in float, as `uniform`).
template <WritableMatrix M>
void normal(M&& numbers, double mean, double deviation, Generator& generator) {
  std::vector<float> drawn(static_cast<std::size_t>(numbers.size()));
  generator.normal(drawn, static_cast<float>(mean), static_cast<float>(deviation));
  auto next = drawn.begin();
  for (Index r = 0; r < numbers.rows(); ++r)
    for (Index c = 0; c < numbers.cols(); ++c)
      numbers(r, c) = static_cast<typename std::remove_cvref_t<M>::Scalar>(*next++);
}

/// The same number everywhere.
template <WritableMatrix M>
void constant(M&& numbers, double value) {
  numbers.setConstant(static_cast<typename std::remove_cvref_t<M>::Scalar>(value));
}

/// 0 everywhere.
template <WritableMatrix M>
void zeros(M&& numbers) {
  numbers.setZero();
}

/// Glorot and Bengio (2010): uniform on +- gain sqrt(6 / (in + out)).
template <WritableMatrix M>
void xavier_uniform(M&& weight, Generator& generator, Gain gain = {}) {
  const double bound = gain.value * std::sqrt(6.0 / static_cast<double>(weight.rows() + weight.cols()));
  uniform(weight, -bound, bound, generator);
}

/// Glorot and Bengio (2010): normal with deviation gain sqrt(2 / (in + out)).
template <WritableMatrix M>
void xavier_normal(M&& weight, Generator& generator, Gain gain = {}) {
  normal(weight, 0.0, gain.value * std::sqrt(2.0 / static_cast<double>(weight.rows() + weight.cols())), generator);
}

/// He et al. (2015): uniform on +- sqrt(3) gain / sqrt(in).
template <WritableMatrix M>
void kaiming_uniform(M&& weight, Generator& generator, Gain gain = Gain::relu()) {
  const double deviation = gain.value / std::sqrt(static_cast<double>(weight.cols()));
  const double bound = std::sqrt(3.0) * deviation;
  uniform(weight, -bound, bound, generator);
}

/// He et al. (2015): normal with deviation gain / sqrt(in).
template <WritableMatrix M>
void kaiming_normal(M&& weight, Generator& generator, Gain gain = Gain::relu()) {
  normal(weight, 0.0, gain.value / std::sqrt(static_cast<double>(weight.cols())), generator);
}

/// What PyTorch gives a Linear's weight: kaiming_uniform for a leaky ReLU of slope sqrt(5), that is +- 1 / sqrt(in).
template <WritableMatrix M>
void linear_weight(M&& weight, Generator& generator) {
  kaiming_uniform(weight, generator, Gain::leaky_relu(std::sqrt(5.0)));
}

/// What PyTorch gives a Linear's bias: uniform on +- 1 / sqrt(in).
template <WritableMatrix M>
void linear_bias(M&& bias, Index in_features, Generator& generator) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_features));
  uniform(bias, -bound, bound, generator);
}

}  // namespace tinynet::init
