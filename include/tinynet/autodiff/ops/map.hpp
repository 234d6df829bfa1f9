// Elementwise operations of one operand.
#pragma once

#include <tinynet/autodiff/functions.hpp>
#include <tinynet/autodiff/number.hpp>
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
  static constexpr bool arithmetic = detail::arithmetic<F>;
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

/// How many numbers each of these Vars has, if their shapes are known, equal and small, on the CPU; else 0.
template <class First, class... Others>
constexpr Index few_numbers() {
  constexpr Index count = product(First::Rows, First::Cols);
  constexpr bool same = (true && ... && (Others::Rows == First::Rows && Others::Cols == First::Cols));
  return same && count != dynamic && count <= 16 && on_cpu<typename First::Scalar> ? count : 0;
}

/// out[i] = f(in[i], ...), as transform does it.
template <Index Count, class Scalar, class F, class... In>
[[gnu::always_inline]] inline void transform_few(const F& f, Scalar* out, const In*... in) {
  if constexpr (arithmetic<F> || !vectorized<F> || !has_pack<Scalar>) {
    for (Index i = 0; i < Count; ++i) out[i] = f(in[i]...);
  } else {
    constexpr Shape row{1, Count};
    transform_row(Count, f, out, Source<Scalar>(in, row, row)...);
  }
}

/// The gradient of an input: f(in[i], ...).
template <Index Count, class Scalar, class F, class... In>
[[gnu::always_inline]] inline void give_few(const Input<Scalar>& input, const F& f, const In*... in) {
  if (!input.wants_gradient()) return;
  const Target<Scalar> target = input.target();
  if (target.accumulate)
    transform_few<Count>(PlusF<F>(f), target.data, static_cast<const Scalar*>(target.data), in...);
  else
    transform_few<Count>(f, target.data, in...);
}

template <class F, TapeOperand X>
[[gnu::always_inline]] inline auto map(const char* name, const F& f, const X& operand) {
  using Scalar = typename X::Scalar;
  static_assert(ElementwiseFunction<F, number_of<Scalar>>,
                "tinynet: an elementwise operation is a functor with operator()(x) and derivative(x, y)");
  const auto& x = as_var<Scalar>(operand);
  using VarX = std::remove_cvref_t<decltype(x)>;
  // y = f(x),  dx = dy f'(x, y)
  if constexpr (is_number_operation<F, VarX>) {
    return record_number(name, f, x);
  } else if constexpr (constexpr Index few = few_numbers<VarX>(); few > 0) {
    return record<VarX::Rows, VarX::Cols, Scalar>(
        name, {VarX::Rows, VarX::Cols}, [&](Scalar* y) { transform_few<few>(f, y, x.node()->value); },
        [f](const Result<Scalar>& y, const Input<Scalar>& in) {
          give_few<few>(in, ChainRule<F>(f), in.value(), y.value, y.gradient);
        },
        x);
  } else {
    const Shape shape = x.shape();
    return record<VarX::Rows, VarX::Cols, Scalar>(
        name, shape, [&](Scalar* y) { transform(shape, f, y, Source<Scalar>(x.node()->value, shape, shape)); },
        [f](const Result<Scalar>& y, const Input<Scalar>& in) {
          const auto source = [&](const Scalar* data) { return Source<Scalar>(data, y.shape, y.shape); };
          transform_into(in.target(), y.shape, ChainRule<F>(f), source(in.value()), source(y.value),
                         source(y.gradient));
        },
        x);
  }
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
[[gnu::always_inline]] inline auto operator-(const X& x) {
  return detail::map("neg", functions::Negate{}, x);
}

/// x times a constant number.
template <TapeOperand X, PlainNumber Number>
[[gnu::always_inline]] inline auto operator*(const X& x, Number factor) {
  return detail::map("scale", functions::Scale{static_cast<double>(factor)}, x);
}
template <PlainNumber Number, TapeOperand X>
[[gnu::always_inline]] inline auto operator*(Number factor, const X& x) {
  return x * factor;
}
/// x divided by a constant number.
template <TapeOperand X, PlainNumber Number>
[[gnu::always_inline]] inline auto operator/(const X& x, Number divisor) {
  return x * (1 / static_cast<double>(divisor));
}
/// A constant number divided by each element.
template <PlainNumber Number, TapeOperand X>
[[gnu::always_inline]] inline auto operator/(Number numerator, const X& x) {
  return detail::map("reciprocal", functions::Reciprocal{}, x) * numerator;
}

/// x plus a constant number in every element.
template <TapeOperand X, PlainNumber Number>
[[gnu::always_inline]] inline auto operator+(const X& x, Number offset) {
  return detail::map("shift", functions::Shift{static_cast<double>(offset)}, x);
}
template <PlainNumber Number, TapeOperand X>
[[gnu::always_inline]] inline auto operator+(Number offset, const X& x) {
  return x + offset;
}
/// x minus a constant number in every element.
template <TapeOperand X, PlainNumber Number>
[[gnu::always_inline]] inline auto operator-(const X& x, Number offset) {
  return x + -static_cast<double>(offset);
}
/// A constant number minus each element.
template <PlainNumber Number, TapeOperand X>
[[gnu::always_inline]] inline auto operator-(Number offset, const X& x) {
  return detail::map("sub", functions::SubtractFrom{static_cast<double>(offset)}, x);
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
