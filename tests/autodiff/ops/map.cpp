#include <functional>
#include <tinynet/autodiff/ops/map.hpp>

#include "../testing.hpp"

using namespace tinynet;
using test::check_gradients;
using test::numbers;

namespace {

const test::Numbers a = numbers(3, 5, 1), positive = numbers(3, 5, 2, 0.1, 2);

/// A user's function, x^3.
struct Cube {
  template <class T>
  T operator()(T x) const {
    return x * x * x;
  }
  template <class T>
  T derivative(T x, T) const {
    return T(3) * x * x;
  }
};
struct PackedCube : Cube {
  static constexpr bool vectorized = true;
};

/// One for a single type of number, with members of its own.
struct Clamp {
  double low, high;
  double operator()(double x) const { return x < low ? low : x > high ? high : x; }
  double derivative(double x, double y) const { return x == y ? 1 : 0; }
};

/// Checks op(x) element by element. The parameters' types keep this one function.
void check_values(const std::string& name, const std::function<Var<double>(Var<double>)>& op, double (*f)(double),
                  const test::Numbers& x = a) {
  CAPTURE(name);
  const Var<double> y = op(variable(x));
  double worst = 0;
  for (Index i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(y.value().data()[i] - f(x.data()[i])));
  CHECK(worst <= 1e-14);
}

}  // namespace

TEST_CASE("values are those of the standard library") {
  check_values(
      "exp", [](auto x) { return exp(x); }, [](double x) { return std::exp(x); });
  check_values(
      "log", [](auto x) { return log(x); }, [](double x) { return std::log(x); }, positive);
  check_values(
      "sqrt", [](auto x) { return sqrt(x); }, [](double x) { return std::sqrt(x); }, positive);
  check_values(
      "square", [](auto x) { return square(x); }, [](double x) { return x * x; });
  check_values(
      "abs", [](auto x) { return abs(x); }, [](double x) { return std::abs(x); });
  check_values(
      "sin", [](auto x) { return sin(x); }, [](double x) { return std::sin(x); });
  check_values(
      "cos", [](auto x) { return cos(x); }, [](double x) { return std::cos(x); });
  check_values(
      "pow", [](auto x) { return pow(x, 1.5); }, [](double x) { return std::pow(x, 1.5); }, positive);
  check_values(
      "neg", [](auto x) { return -x; }, [](double x) { return -x; });
  check_values(
      "x * 2", [](auto x) { return x * 2; }, [](double x) { return 2 * x; });
  check_values(
      "2 * x", [](auto x) { return 2 * x; }, [](double x) { return 2 * x; });
  check_values(
      "x / 4", [](auto x) { return x / 4; }, [](double x) { return x / 4; });
  check_values(
      "3 / x", [](auto x) { return 3 / x; }, [](double x) { return 3 / x; }, positive);
  check_values(
      "x + 1", [](auto x) { return x + 1; }, [](double x) { return x + 1; });
  check_values(
      "1 + x", [](auto x) { return 1 + x; }, [](double x) { return x + 1; });
  check_values(
      "x - 1", [](auto x) { return x - 1; }, [](double x) { return x - 1; });
  check_values(
      "1 - x", [](auto x) { return 1 - x; }, [](double x) { return 1 - x; });
  check_values(
      "relu", [](auto x) { return relu(x); }, [](double x) { return std::max(x, 0.0); });
  check_values(
      "leaky_relu", [](auto x) { return leaky_relu(x, 0.2); }, [](double x) { return x > 0 ? x : 0.2 * x; });
  check_values(
      "elu", [](auto x) { return elu(x, 0.5); }, [](double x) { return x > 0 ? x : 0.5 * std::expm1(x); });
  check_values(
      "sigmoid", [](auto x) { return sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); });
  check_values(
      "tanh", [](auto x) { return tanh(x); }, [](double x) { return std::tanh(x); });
  check_values(
      "softplus", [](auto x) { return softplus(x, 2, 3); },
      [](double x) { return 2 * x > 3 ? x : std::log1p(std::exp(2 * x)) / 2; });
  check_values(
      "silu", [](auto x) { return silu(x); }, [](double x) { return x / (1 + std::exp(-x)); });
  check_values(
      "gelu", [](auto x) { return gelu(x); }, [](double x) { return x * std::erfc(-x / std::sqrt(2)) / 2; });
  check_values(
      "gelu_tanh", [](auto x) { return gelu_tanh(x); },
      [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1)) * (x + 0.044715 * x * x * x))); });
}

TEST_CASE("gradients") {
  check_gradients(
      "exp", [](const auto& x) { return exp(x); }, a);
  check_gradients(
      "log", [](const auto& x) { return log(x); }, positive);
  check_gradients(
      "sqrt", [](const auto& x) { return sqrt(x); }, positive);
  check_gradients(
      "square, abs", [](const auto& x) { return square(abs(x)); }, a);
  check_gradients(
      "sin, cos", [](const auto& x) { return cos(sin(x)); }, a);
  check_gradients(
      "pow", [](const auto& x) { return pow(x, 1.5); }, positive);
  check_gradients(
      "numbers", [](const auto& x) { return 2 - (1 - (3 / (1 + 2 * x) - 4) / -5) + -x * 3; }, positive);
  check_gradients(
      "relu", [](const auto& x) { return relu(x); }, a);
  check_gradients(
      "leaky_relu", [](const auto& x) { return leaky_relu(x); }, a);
  check_gradients(
      "elu", [](const auto& x) { return elu(x, 0.5); }, a);
  check_gradients(
      "sigmoid", [](const auto& x) { return sigmoid(x); }, a);
  check_gradients(
      "tanh", [](const auto& x) { return tanh(x); }, a);
  check_gradients(
      "softplus", [](const auto& x) { return softplus(x, 2, 3); }, a);
  check_gradients(
      "silu", [](const auto& x) { return silu(x); }, a);
  check_gradients(
      "gelu", [](const auto& x) { return gelu(x); }, a);
  check_gradients(
      "gelu_tanh", [](const auto& x) { return gelu_tanh(x); }, a);
  check_gradients(
      "a matrix of static size", [](const auto& x) { return tanh(x); }, Eigen::Matrix3d(a.leftCols<3>()));
}

TEST_CASE("a user's function, with packs and without, gives the same") {
  check_gradients(
      "Cube", [](const auto& x) { return map(Cube{}, x); }, a);
  check_gradients(
      "PackedCube", [](const auto& x) { return map(PackedCube{}, x); }, a);
  const auto x = variable(numbers(50, 37, 3)), y = variable(numbers(50, 37, 3));
  const auto plain = map(Cube{}, x), packed = map(PackedCube{}, y);
  CHECK(test::distance(packed.value(), plain.value()) <= 1e-15);
  sum(plain).backward();
  sum(packed).backward();
  CHECK(test::distance(y.grad(), x.grad()) <= 1e-15);

  const auto z = variable(Eigen::RowVector3d(-2, 0.5, 7));
  const auto clamped = map(Clamp{-1, 1}, z);
  static_assert(std::is_same_v<decltype(clamped), const Var<double, 1, 3>>);
  CHECK(clamped.value() == Eigen::RowVector3d(-1, 0.5, 1));
  sum(clamped).backward();
  CHECK(z.grad() == Eigen::RowVector3d(0, 1, 0));
}

TEST_CASE("a NaN comes out of every activation where it went in, and nowhere else") {
  for (const Index cols : {1, 3, 8, 16, 19, 37})
    for (const Index place : {Index{0}, cols / 2, cols - 1}) {
      Matrix<float> x = numbers(2, cols, 4).cast<float>();
      x(1, place) = std::nanf("");
      const auto check = [&](const std::string& name, const auto& y) {
        CAPTURE(name);
        CAPTURE(cols);
        CHECK(std::isnan(y.value()(1, place)));
        CHECK(y.value().array().isNaN().count() == 1);
      };
      const auto v = constant(x);
      check("relu", relu(v));
      check("leaky_relu", leaky_relu(v));
      check("elu", elu(v));
      check("sigmoid", sigmoid(v));
      check("tanh", tanh(v));
      check("softplus", softplus(v));
      check("silu", silu(v));
      check("gelu", gelu(v));
      check("gelu_tanh", gelu_tanh(v));
      check("exp", exp(v));
      check("abs", abs(v));
      check("square", square(v));
    }
}

TEST_CASE("gradients are added to what an operand has already") {
  const auto x = variable(a);
  const auto y = exp(x);
  sum(y + tanh(y) + y).backward();
  const test::Numbers e = a.array().exp();
  CHECK(test::distance(x.grad(), e.array() * (3 - e.array().tanh().square())) <= 1e-15);
}
