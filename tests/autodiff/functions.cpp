#include <tinynet/autodiff/functions.hpp>
#include <vector>

#include "testing.hpp"

using namespace tinynet;
namespace fn = tinynet::functions;

namespace {

using Complex = std::complex<double>;

bool close(double found, double expected, double tolerance) {
  return std::abs(found - expected) <= tolerance * std::max(1.0, std::abs(expected));
}

/// f(x) for one number in the middle of a pack.
template <class Scalar, class F>
Scalar through_pack(const F& f, Scalar x) {
  using P = Pack<Scalar>;
  std::vector<Scalar> numbers(static_cast<std::size_t>(P::size), Scalar(0.5));
  const auto place = static_cast<std::size_t>(P::size / 2);
  numbers[place] = x;
  f(P::load(numbers.data())).store(numbers.data());
  return numbers[place];
}

/// Checks a function's derivative at these points, and its packs, and that it keeps a NaN.
template <class F>
void check(const std::string& name, const F& f, const std::vector<double>& points) {
  CAPTURE(name);
  constexpr double h = 1e-20, step = 6e-6;
  const double nan = std::nan("");
  for (const double x : points) {
    CAPTURE(x);
    const double y = f(x), slope = f.derivative(x, y);
    CHECK(close(slope, f(Complex(x, h)).imag() / h, 1e-12));
    CHECK(close(f(Complex(x, 0)).real(), y, 1e-14));
    CHECK(close(slope, (f(x + step) - f(x - step)) / (2 * step), 1e-6));
    const auto xf = static_cast<float>(x);
    CHECK(close(double{f.derivative(xf, f(xf))}, slope, 1e-5));
  }
  CHECK(std::isnan(f(nan)));
  CHECK(std::isnan(f(std::nanf(""))));
  if constexpr (requires { F::vectorized; }) {
    using PF = Pack<float>;
    using PD = Pack<double>;
    for (const double x : points) {
      CAPTURE(x);
      const auto xf = static_cast<float>(x);
      CHECK(close(through_pack(f, x), f(x), 1e-14));
      CHECK(close(double{through_pack(f, xf)}, double{f(xf)}, 1e-6));
      CHECK(close(through_pack([&](PD p) { return f.derivative(p, f(p)); }, x), f.derivative(x, f(x)), 1e-14));
      CHECK(close(double{through_pack([&](PF p) { return f.derivative(p, f(p)); }, xf)},
                  double{f.derivative(xf, f(xf))}, 1e-6));
    }
    CHECK(std::isnan(through_pack(f, nan)));
    CHECK(std::isnan(through_pack(f, -std::nanf(""))));
  }
}

const std::vector<double> positive{0.01, 0.3, 1, 2.7, 9};
const std::vector<double> all{-9, -2.7, -1.2, -0.3, -0.01, 0.01, 0.3, 1.2, 2.7, 9};

/// The derivative at x as the tape asks for it.
template <class F>
double slope(const F& f, double x) {
  return f.derivative(x, f(x));
}

}  // namespace

TEST_CASE("the derivatives of all functions, for numbers and packs, and NaN stays NaN") {
  check("exp", fn::Exp{}, all);
  check("log", fn::Log{}, positive);
  check("sqrt", fn::Sqrt{}, positive);
  check("square", fn::Square{}, all);
  check("abs", fn::Abs{}, all);
  check("sin", fn::Sin{}, all);
  check("cos", fn::Cos{}, all);
  check("negate", fn::Negate{}, all);
  check("reciprocal", fn::Reciprocal{}, {-2, -0.5, 0.3, 4});
  check("scale", fn::Scale{-0.7}, all);
  check("shift", fn::Shift{0.7}, all);
  check("pow", fn::Pow{2.5}, positive);
  check("pow", fn::Pow{-1.5}, {0.3, 1, 2.7, 9});
  check("relu", fn::ReLU{}, all);
  check("leaky relu", fn::LeakyReLU{0.1}, all);
  check("elu", fn::ELU{1.3}, all);
  check("sigmoid", fn::Sigmoid{}, all);
  check("tanh", fn::Tanh{}, all);
  check("softplus", fn::Softplus{}, all);
  check("softplus", fn::Softplus(2, 3), all);
  check("silu", fn::SiLU{}, all);
  check("gelu", fn::GELU{}, all);
  check("gelu tanh", fn::GELUTanh{}, all);
}

TEST_CASE("at their kinks the functions have PyTorch's derivatives") {
  for (const double zero : {0.0, -0.0}) {
    CHECK(slope(fn::ReLU{}, zero) == 0);
    CHECK(slope(fn::Abs{}, zero) == 0);
    CHECK(slope(fn::LeakyReLU{0.1}, zero) == 0.1);
    CHECK(slope(fn::ELU{1.3}, zero) == 1.3);
    CHECK(slope(fn::Pow{2}, zero) == 0);
    CHECK(slope(fn::Pow{1}, zero) == 1);
    CHECK(slope(fn::Pow{0}, zero) == 0);
  }
}

TEST_CASE("far out the functions have their limits, and no NaN") {
  for (const double x : {50.0, 800.0, 1e300}) {
    CAPTURE(x);
    CHECK(fn::Sigmoid{}(x) == 1);
    CHECK(fn::Sigmoid{}(-x) <= 1e-21);
    CHECK(slope(fn::Sigmoid{}, -x) <= 1e-21);
    CHECK(fn::Tanh{}(-x) == -1);
    CHECK(slope(fn::Tanh{}, x) == 0);
    CHECK(fn::Softplus{}(x) == x);
    CHECK(slope(fn::Softplus{}, x) == 1);
    CHECK(fn::Softplus{}(-x) <= 1e-21);
    CHECK(fn::ELU{}(-x) == -1);
    CHECK(slope(fn::ELU{}, x) == 1);
    CHECK(fn::SiLU{}(x) == x);
    CHECK(std::abs(fn::SiLU{}(-x)) <= 1e-19);
    CHECK(fn::GELU{}(x) == x);
    CHECK(fn::GELU{}(-x) == 0);
    CHECK(slope(fn::GELU{}, x) == 1);
    CHECK(through_pack(fn::Sigmoid{}, -x) <= 1e-21);
    CHECK(through_pack(fn::Softplus{}, x) == x);
    CHECK(through_pack(fn::ELU{}, static_cast<float>(-x)) == -1);
  }
}

TEST_CASE("what an elementwise function is") {
  static_assert(ElementwiseFunction<fn::Exp, double> && ElementwiseFunction<fn::Exp, Complex>);
  struct WithoutDerivative {
    double operator()(double x) const { return x; }
  };
  static_assert(!ElementwiseFunction<WithoutDerivative, double> && !ElementwiseFunction<int, double>);
}
