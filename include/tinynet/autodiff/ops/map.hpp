// Elementwise operations of one operand.
#pragma once

#include <tinynet/autodiff/functions.hpp>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/cpu/transform.hpp>

namespace tinynet {

/// A number of the language.
template <class T>
concept PlainNumber = std::is_arithmetic_v<T>;

namespace detail {

/// The base of a function that is called with packs exactly if F is.
template <class F>
struct Like {
  static constexpr bool vectorized = detail::vectorized<F>;
};

/// sum + f(x, ...)
template <class F>
struct PlusF : Like<F> {
  F f;
  explicit PlusF(const F& function) : f(function) {}
  template <class T, class... X>
  constexpr T operator()(T sum, X... x) const {
    return sum + f(x...);
  }
};

/// dy f'(x, y)
template <class F>
struct ChainRule : Like<F> {
  F f;
  explicit ChainRule(const F& function) : f(function) {}
  template <class T>
  constexpr T operator()(T x, T y, T dy) const {
    return dy * f.derivative(x, y);
  }
};

/// target = f(in, ...), or target += f(in, ...), for inputs of the same shape or broadcast to it.
template <class Scalar, class F, class... Sources>
void transform_into(Target<Scalar> target, Shape shape, const F& f, const Sources&... in) {
  if (target.accumulate)
    transform(shape, PlusF<F>(f), target.data, Source<Scalar>(target.data, shape, shape), in...);
  else
    transform(shape, f, target.data, in...);
}

template <class F, TapeOperand X>
auto map(const char* name, const F& f, const X& operand) {
  using Scalar = typename X::Scalar;
  static_assert(ElementwiseFunction<F, number_of<Scalar>>,
                "tinynet: an elementwise operation is a functor with operator()(x) and derivative(x, y)");
  const auto x = as_var<Scalar>(operand);
  const Shape shape = x.shape();
  // y = f(x),  dx = dy f'(x, y)
  return record<decltype(x)::Rows, decltype(x)::Cols, Scalar>(
      name, shape, [&](Scalar* y) { transform(shape, f, y, Source<Scalar>(x.node()->value, shape, shape)); },
      [f](const Result<Scalar>& y, const Input<Scalar>& in) {
        const auto source = [&](const Scalar* data) { return Source<Scalar>(data, y.shape, y.shape); };
        transform_into(in.target(), y.shape, ChainRule<F>(f), source(in.value()), source(y.value), source(y.gradient));
      },
      x);
}

}  // namespace detail

/// y = f(x) element by element, for a function object with `operator()(x)` and `derivative(x, y)`.
template <class F, TapeOperand X>
auto map(const F& f, const X& x) {
  return detail::map("map", f, x);
}

/// e^x.
template <TapeOperand X>
auto exp(const X& x) {
  return detail::map("exp", functions::Exp{}, x);
}

/// The natural logarithm.
template <TapeOperand X>
auto log(const X& x) {
  return detail::map("log", functions::Log{}, x);
}

/// The square root of each element.
template <TapeOperand X>
auto sqrt(const X& x) {
  return detail::map("sqrt", functions::Sqrt{}, x);
}

/// x^2 element by element.
template <TapeOperand X>
auto square(const X& x) {
  return detail::map("square", functions::Square{}, x);
}

/// |x|, with derivative 0 at 0.
template <TapeOperand X>
auto abs(const X& x) {
  return detail::map("abs", functions::Abs{}, x);
}

/// The sine of each element, in radians.
template <TapeOperand X>
auto sin(const X& x) {
  return detail::map("sin", functions::Sin{}, x);
}

/// The cosine of each element, in radians.
template <TapeOperand X>
auto cos(const X& x) {
  return detail::map("cos", functions::Cos{}, x);
}

/// x to a constant power.
template <TapeOperand X>
auto pow(const X& x, double exponent) {
  return detail::map("pow", functions::Pow{exponent}, x);
}

/// -x.
template <TapeOperand X>
auto operator-(const X& x) {
  return detail::map("neg", functions::Negate{}, x);
}

/// x times a constant number.
template <TapeOperand X, PlainNumber Number>
auto operator*(const X& x, Number factor) {
  return detail::map("scale", functions::Scale{static_cast<double>(factor)}, x);
}
template <PlainNumber Number, TapeOperand X>
auto operator*(Number factor, const X& x) {
  return x * factor;
}
/// x divided by a constant number.
template <TapeOperand X, PlainNumber Number>
auto operator/(const X& x, Number divisor) {
  return x * (1 / static_cast<double>(divisor));
}
/// A constant number divided by each element.
template <PlainNumber Number, TapeOperand X>
auto operator/(Number numerator, const X& x) {
  return detail::map("reciprocal", functions::Reciprocal{}, x) * numerator;
}

/// x plus a constant number in every element.
template <TapeOperand X, PlainNumber Number>
auto operator+(const X& x, Number offset) {
  return detail::map("shift", functions::Shift{static_cast<double>(offset)}, x);
}
template <PlainNumber Number, TapeOperand X>
auto operator+(Number offset, const X& x) {
  return x + offset;
}
/// x minus a constant number in every element.
template <TapeOperand X, PlainNumber Number>
auto operator-(const X& x, Number offset) {
  return x + -static_cast<double>(offset);
}
/// A constant number minus each element.
template <PlainNumber Number, TapeOperand X>
auto operator-(Number offset, const X& x) {
  return -x + offset;
}

/// max(x, 0), with derivative 0 at 0. A NaN stays a NaN.
template <TapeOperand X>
auto relu(const X& x) {
  return detail::map("relu", functions::ReLU{}, x);
}

/// x for x > 0, negative_slope x elsewhere.
template <TapeOperand X>
auto leaky_relu(const X& x, double negative_slope = 0.01) {
  return detail::map("leaky_relu", functions::LeakyReLU{negative_slope}, x);
}

/// x for x > 0, alpha (e^x - 1) elsewhere.
template <TapeOperand X>
auto elu(const X& x, double alpha = 1.0) {
  return detail::map("elu", functions::ELU{alpha}, x);
}

/// 1 / (1 + e^-x).
template <TapeOperand X>
auto sigmoid(const X& x) {
  return detail::map("sigmoid", functions::Sigmoid{}, x);
}

/// The hyperbolic tangent of each element.
template <TapeOperand X>
auto tanh(const X& x) {
  return detail::map("tanh", functions::Tanh{}, x);
}

/// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
template <TapeOperand X>
auto softplus(const X& x, double beta = 1.0, double threshold = 20.0) {
  return detail::map("softplus", functions::Softplus{beta, threshold}, x);
}

/// x sigmoid(x).
template <TapeOperand X>
auto silu(const X& x) {
  return detail::map("silu", functions::SiLU{}, x);
}

/// x Phi(x), Phi the normal distribution.
template <TapeOperand X>
auto gelu(const X& x) {
  return detail::map("gelu", functions::GELU{}, x);
}

/// The approximation of gelu by tanh.
template <TapeOperand X>
auto gelu_tanh(const X& x) {
  return detail::map("gelu_tanh", functions::GELUTanh{}, x);
}

}  // namespace tinynet
