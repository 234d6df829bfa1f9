// Gradients held against what they should be: finite differences, and the complex step.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <tinynet/autodiff/var.hpp>
#include <tuple>
#include <utility>

namespace tinynet {

/// What a gradient is compared with and how near it must be.
struct GradcheckOptions {
  double step = 6e-6;      ///< of the central difference, about the cube root of double's precision
  double relative = 1e-6;  ///< |difference| <= absolute + relative * |gradient|
  double absolute = 1e-8;  ///< see `relative`
};

/// The result of gradcheck: true if all gradients are right, else where the worst is.
struct GradcheckResult {
  bool ok = true;       ///< are all gradients right?
  double worst = 0;     ///< the largest |difference| / (absolute + relative * |gradient|); at most 1 if ok
  std::string message;  ///< empty if ok

  /// Are all gradients right?
  explicit operator bool() const { return ok; }
};

namespace detail {

/// The gradients of f(variable(input)...) by every input, from the tape.
template <class F, class... Inputs>
auto tape_gradients(const F& f, const Inputs&... inputs) {
  return [&](const auto&... x) {
    f(x...).backward();
    return std::make_tuple(Matrix<typename Inputs::Scalar>(x.grad())...);
  }(variable(inputs)...);
}

/// Compares with `reference(i, r, c)`, the derivative by element (r, c) of input i.
template <class Gradients, class Reference>
GradcheckResult compare_gradients(const Gradients& gradients, const Reference& reference, double relative,
                                  double absolute) {
  GradcheckResult result;
  const auto check = [&](std::size_t input, const auto& gradient) {
    for (Index r = 0; r < gradient.rows(); ++r)
      for (Index c = 0; c < gradient.cols(); ++c) {
        const double found = gradient(r, c), expected = reference(input, r, c);
        const double error = std::abs(found - expected) / (absolute + relative * std::abs(expected));
        if (error <= result.worst) continue;
        result.worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
        if (error <= 1) continue;
        result.ok = false;
        result.message = "gradient of input " + std::to_string(input) + " at (" + std::to_string(r) + ", " +
                         std::to_string(c) + "): expected " + std::to_string(expected) + ", found " +
                         std::to_string(found);
      }
  };
  std::apply(
      [&](const auto&... gradient) {
        std::size_t i = 0;
        (check(i++, gradient), ...);
      },
      gradients);
  return result;
}

}  // namespace detail

/// Checks the gradient of a function f(x, ...) of Vars, which returns a single number, by each of its inputs (matrices
/// of double) against central differences.
template <class F, class... Inputs>
GradcheckResult gradcheck(const F& f, GradcheckOptions options, const Inputs&... inputs) {
  const auto gradients = detail::tape_gradients(f, inputs...);
  auto points = std::make_tuple(Matrix<double>(inputs)...);
  const auto value = [&] {
    return no_grad([&] { return std::apply([&](const auto&... x) { return f(constant(x)...).item(); }, points); });
  };
  const auto reference = [&](std::size_t input, Index r, Index c) {
    double difference = 0;
    const auto shift = [&](std::size_t i, Matrix<double>& x) {
      if (i != input) return;
      const double at = x(r, c);
      x(r, c) = at + options.step;
      const double above = value();
      x(r, c) = at - options.step;
      difference = (above - value()) / (2 * options.step);
      x(r, c) = at;
    };
    std::apply(
        [&](auto&... x) {
          std::size_t i = 0;
          (shift(i++, x), ...);
        },
        points);
    return difference;
  };
  return detail::compare_gradients(gradients, reference, options.relative, options.absolute);
}
/// The same with the default options.
template <class F, class First, class... Inputs>
requires(!std::is_same_v<First, GradcheckOptions>) GradcheckResult
    gradcheck(const F& f, const First& first, const Inputs&... inputs) {
  return gradcheck(f, GradcheckOptions{}, first, inputs...);
}

/// The same against the complex step, Im f(x + ih) / h with h = 1e-20, which is exact to the last digits (Squire and
/// Trapp, 1998). f must take Vars of double and of std::complex<double>: a generic lambda.
template <class F, class... Inputs>
GradcheckResult complex_step_check(const F& f, double relative, const Inputs&... inputs) {
  using Complex = std::complex<double>;
  constexpr double h = 1e-20;
  const auto gradients = detail::tape_gradients(f, inputs...);
  auto points = std::make_tuple(Matrix<Complex>(inputs.template cast<Complex>())...);
  const auto reference = [&](std::size_t input, Index r, Index c) {
    const auto shift = [&](std::size_t i, Matrix<Complex>& x, double by) {
      if (i == input) x(r, c) = Complex(x(r, c).real(), by);
    };
    std::apply(
        [&](auto&... x) {
          std::size_t i = 0;
          (shift(i++, x, h), ...);
        },
        points);
    const Complex y =
        no_grad([&] { return std::apply([&](const auto&... x) { return f(constant(x)...).item(); }, points); });
    std::apply(
        [&](auto&... x) {
          std::size_t i = 0;
          (shift(i++, x, 0.0), ...);
        },
        points);
    return y.imag() / h;
  };
  // What is near 0 is compared with the size of what it is the difference of.
  return detail::compare_gradients(gradients, reference, relative, relative);
}

}  // namespace tinynet
