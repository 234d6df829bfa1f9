// The elementwise functions: each the value y = f(x) and the derivative f'(x), given x and y, written once for every
// kind of number (math.hpp) and every device.
#pragma once

#include <concepts>
#include <numbers>
#include <tinynet/core/math.hpp>

namespace tinynet {

/// What an elementwise operation is: `f(x)` and `f.derivative(x, y)` with y = f(x). A function whose members are
/// templates that use nothing but arithmetic and namespace math may say `static constexpr bool vectorized = true` to
/// be called with a SIMD Pack<Scalar> instead of a Scalar; one whose derivative(y, y) is derivative(x, y) may say
/// `static constexpr bool derivative_from_output = true`.
template <class F, class Scalar>
concept ElementwiseFunction = std::copy_constructible<F> && requires(const F& f, Scalar x, Scalar y) {
  { f(x) } -> std::convertible_to<Scalar>;
  { f.derivative(x, y) } -> std::convertible_to<Scalar>;
};

namespace functions {

/// The base of functions that may be called with packs; see ElementwiseFunction.
struct Vectorized {
  static constexpr bool vectorized = true;
};

/// The base of those whose every result is a single rounded operation, or a choice: a number alone has the bits that it
/// has in a pack.
struct Arithmetic : Vectorized {
  static constexpr bool arithmetic = true;  ///< as told above
};

/// e^x.
struct Exp : Vectorized {
  static constexpr bool derivative_from_output = true;
  template <class T>
  constexpr T operator()(T x) const {
    return math::exp(x);
  }
  template <class T>
  constexpr T derivative(T, T y) const {
    return y;
  }
};

/// The natural logarithm.
struct Log : Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return math::log(x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return T(1) / x;
  }
};

/// The square root.
struct Sqrt : Arithmetic {
  template <class T>
  constexpr T operator()(T x) const {
    return math::sqrt(x);
  }
  template <class T>
  constexpr T derivative(T, T y) const {
    return T(0.5) / y;
  }
};

/// x^2.
struct Square : Arithmetic {
  template <class T>
  constexpr T operator()(T x) const {
    return x * x;
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return x + x;
  }
};

/// |x|, with derivative 0 at 0.
struct Abs : Arithmetic {
  template <class T>
  constexpr T operator()(T x) const {
    return math::abs(x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return math::select(math::less(x, T(0)), T(-1), math::select(math::less(T(0), x), T(1), T(0)));
  }
};

/// The sine of an angle in radians.
struct Sin : Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return math::sin(x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return math::cos(x);
  }
};

/// The cosine of an angle in radians.
struct Cos : Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return math::cos(x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return -math::sin(x);
  }
};

/// -x.
struct Negate : Arithmetic {
  template <class T>
  constexpr T operator()(T x) const {
    return -x;
  }
  template <class T>
  constexpr T derivative(T, T) const {
    return T(-1);
  }
};

/// 1 / x.
struct Reciprocal : Arithmetic {
  template <class T>
  constexpr T operator()(T x) const {
    return T(1) / x;
  }
  template <class T>
  constexpr T derivative(T, T y) const {
    return -y * y;
  }
};

/// factor x.
struct Scale : Arithmetic {
  double factor = 1;  ///< what x is multiplied by
  /// With this factor.
  explicit Scale(double number) : factor(number) {}
  template <class T>
  constexpr T operator()(T x) const {
    return x * T(factor);
  }
  template <class T>
  constexpr T derivative(T, T) const {
    return T(factor);
  }
};

/// x + offset.
struct Shift : Arithmetic {
  double offset = 0;  ///< what is added to x
  /// With this offset.
  explicit Shift(double number) : offset(number) {}
  template <class T>
  constexpr T operator()(T x) const {
    return x + T(offset);
  }
  template <class T>
  constexpr T derivative(T, T) const {
    return T(1);
  }
};

/// offset - x.
struct SubtractFrom : Arithmetic {
  double offset = 0;  ///< what x is subtracted from
  /// With this offset.
  explicit SubtractFrom(double number) : offset(number) {}
  template <class T>
  constexpr T operator()(T x) const {
    return T(offset) - x;
  }
  template <class T>
  constexpr T derivative(T, T) const {
    return T(-1);
  }
};

/// x^exponent.
struct Pow {
  double exponent = 1;  ///< of x
  template <class T>
  constexpr T operator()(T x) const {
    return math::pow(x, T(exponent));
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return exponent == 0 ? T(0) : T(exponent) * math::pow(x, T(exponent - 1));
  }
};

/// max(x, 0), with derivative 0 at 0. A NaN stays a NaN.
struct ReLU : Arithmetic {
  static constexpr bool derivative_from_output = true;
  template <class T>
  constexpr T operator()(T x) const {
    return math::select(math::less(x, T(0)), T(0), x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return math::select(math::less(T(0), x), T(1), T(0));
  }
};

/// x for x > 0, slope x elsewhere.
struct LeakyReLU : Arithmetic {
  double slope = 0.01;  ///< below 0
  /// With this slope below 0.
  explicit LeakyReLU(double negative_slope = 0.01) : slope(negative_slope) {}
  template <class T>
  constexpr T operator()(T x) const {
    return math::select(math::less(T(0), x), x, x * T(slope));
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return math::select(math::less(T(0), x), T(1), T(slope));
  }
};

/// x for x > 0, alpha (e^x - 1) elsewhere.
struct ELU : Vectorized {
  static constexpr bool derivative_from_output = true;
  double alpha = 1;  ///< how far below 0 it goes
  /// With this alpha.
  explicit ELU(double scale = 1) : alpha(scale) {}
  template <class T>
  constexpr T operator()(T x) const {
    return math::select(math::less(T(0), x), x, T(alpha) * math::expm1(math::select(math::less(T(0), x), T(0), x)));
  }
  template <class T>
  constexpr T derivative(T x, T y) const {
    return math::select(math::less(T(0), x), T(1), y + T(alpha));
  }
};

/// 1 / (1 + e^-x).
struct Sigmoid : Vectorized {
  static constexpr bool derivative_from_output = true;
  template <class T>
  constexpr T operator()(T x) const {
    return T(1) / (T(1) + math::exp(-x));
  }
  template <class T>
  constexpr T derivative(T, T y) const {
    return y * (T(1) - y);
  }
};

/// The hyperbolic tangent.
struct Tanh : Vectorized {
  static constexpr bool derivative_from_output = true;
  template <class T>
  constexpr T operator()(T x) const {
    return math::tanh(x);
  }
  template <class T>
  constexpr T derivative(T, T y) const {
    return T(1) - y * y;
  }
};

/// log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold.
struct Softplus : Vectorized {
  double beta = 1, threshold = 20;  ///< the sharpness of the bend, and where beta x counts as large
  /// With this beta and threshold.
  explicit Softplus(double sharpness = 1, double linear_above = 20) : beta(sharpness), threshold(linear_above) {}
  template <class T>
  constexpr T operator()(T x) const {
    const T z = x * T(beta);
    const auto linear = math::less(T(threshold), z);
    return math::select(linear, x, math::log1p(math::exp(math::select(linear, T(0), z))) * T(1 / beta));
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    const T z = x * T(beta);
    return math::select(math::less(T(threshold), z), T(1), Sigmoid{}(z));
  }
};

/// x sigmoid(x), also known as swish.
struct SiLU : Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return x / (T(1) + math::exp(-x));
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    const T s = Sigmoid{}(x);
    return s * (T(1) + x * (T(1) - s));
  }
};

/// x Phi(x), Phi the normal distribution (Hendrycks and Gimpel, 2016).
struct GELU : Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return x * phi(x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    constexpr double density = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    return phi(x) + x * T(density) * math::exp(T(-0.5) * x * x);
  }

 private:
  template <class T>
  static constexpr T phi(T x) {
    return T(0.5) * (T(1) + math::erf(x * T(1 / std::numbers::sqrt2)));
  }
};

/// GELU with Phi(x) replaced by (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.
struct GELUTanh : Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return T(0.5) * x * (T(1) + math::tanh(inner(x)));
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    const T t = math::tanh(inner(x));
    const T slope = T(root) * (T(1) + T(3 * cubic) * x * x);
    return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * slope;
  }

 private:
  static constexpr double root = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;  // sqrt(2 / pi)
  static constexpr double cubic = 0.044715;
  template <class T>
  static constexpr T inner(T x) {
    return T(root) * (x + T(cubic) * x * x * x);
  }
};

}  // namespace functions
}  // namespace tinynet
