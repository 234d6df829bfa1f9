#include <cmath>
#include <complex>
#include <cstring>
#include <thread>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/shape.hpp>
#include <vector>

#include "testing.hpp"

using namespace tinynet;
using test::contains;
using test::usage_error;

namespace {

std::size_t tape_size() { return detail::Tape<double>::current().size(); }

/// Are these the same bits, but for the sign of a zero?
template <class A, class B>
bool same(const A& a, const B& b) {
  for (Index r = 0; r < a.rows(); ++r)
    for (Index c = 0; c < a.cols(); ++c) {
      const auto x = a(r, c), y = b(r, c);
      if (std::memcmp(&x, &y, sizeof x) != 0 && x != y) return false;
    }
  return a.rows() == b.rows() && a.cols() == b.cols();
}

/// That op gives the same bits, values and gradients, for operands whose sizes are part of the type and for others.
template <class Op, class... Inputs>
void check_as_dynamic(const char* name, const Op& op, const Inputs&... inputs) {
  CAPTURE(name);
  using Scalar = typename std::tuple_element_t<0, std::tuple<Inputs...>>::Scalar;
  const auto run = [&op](const auto&... x) {
    const auto y = op(x...);
    Matrix<Scalar> upstream(y.rows(), y.cols());
    for (Index i = 0; i < upstream.size(); ++i)
      upstream.data()[i] = Scalar(0.75) + Scalar(0.5) * Scalar(static_cast<float>(i));
    for (int repeat = 0; repeat < 2; ++repeat) y.backward(upstream, RetainGraph{repeat == 0});
    return std::tuple(Matrix<Scalar>(y.value()), Matrix<Scalar>(x.grad())...);
  };
  const auto fixed = run(variable(inputs)...);
  const auto general = run(variable(Matrix<Scalar>(inputs))...);
  [&]<std::size_t... I>(std::index_sequence<I...>) { (CHECK(same(std::get<I>(fixed), std::get<I>(general))), ...); }
  (std::make_index_sequence<1 + sizeof...(Inputs)>());
}

template <class Scalar, Index Rows, Index Cols>
void check_size() {
  CAPTURE(Rows);
  CAPTURE(Cols);
  Matrix<Scalar, Rows, Cols> a, b;
  for (Index i = 0; i < a.size(); ++i) {
    a.data()[i] = Scalar(0.37) + Scalar(0.31) * Scalar(static_cast<float>(i));
    b.data()[i] = Scalar(1.9) - Scalar(0.13) * Scalar(static_cast<float>(i));
  }
  const Matrix<Scalar, Rows, Cols> minus = -a;
  for (const auto& x : {a, minus}) {
    check_as_dynamic(
        "add", [](const auto& u, const auto& v) { return u + v; }, x, b);
    check_as_dynamic(
        "sub", [](const auto& u, const auto& v) { return u - v; }, x, b);
    check_as_dynamic(
        "mul", [](const auto& u, const auto& v) { return u * v; }, x, b);
    check_as_dynamic(
        "div", [](const auto& u, const auto& v) { return u / v; }, x, b);
    check_as_dynamic(
        "square of a product", [](const auto& u, const auto& v) { return (u * v) * (u * v); }, x, b);
    check_as_dynamic(
        "scale", [](const auto& u) { return 2.5 * u; }, x);
    check_as_dynamic(
        "divide", [](const auto& u) { return u / 3; }, x);
    check_as_dynamic(
        "shift", [](const auto& u) { return u + 0.1; }, x);
    check_as_dynamic(
        "minus", [](const auto& u) { return u - 0.1; }, x);
    check_as_dynamic(
        "subtract from", [](const auto& u) { return 0.1 - u; }, x);
    check_as_dynamic(
        "over", [](const auto& u) { return 0.7 / u; }, x);
    check_as_dynamic(
        "neg", [](const auto& u) { return -u; }, x);
    check_as_dynamic(
        "square", [](const auto& u) { return square(u); }, x);
    check_as_dynamic(
        "exp", [](const auto& u) { return exp(u); }, x);
    check_as_dynamic(
        "sin", [](const auto& u) { return sin(u) * cos(u); }, x);
    check_as_dynamic(
        "tanh", [](const auto& u) { return tanh(u); }, x);
    check_as_dynamic(
        "abs", [](const auto& u) { return abs(u); }, x);
    check_as_dynamic(
        "relu", [](const auto& u) { return relu(u); }, x);
    check_as_dynamic(
        "leaky_relu", [](const auto& u) { return leaky_relu(u); }, x);
    check_as_dynamic(
        "elu", [](const auto& u) { return elu(u); }, x);
    check_as_dynamic(
        "sigmoid", [](const auto& u) { return sigmoid(u); }, x);
    check_as_dynamic(
        "softplus", [](const auto& u) { return softplus(u); }, x);
    check_as_dynamic(
        "silu", [](const auto& u) { return silu(u); }, x);
    check_as_dynamic(
        "gelu", [](const auto& u) { return gelu(u); }, x);
    check_as_dynamic(
        "gelu_tanh", [](const auto& u) { return gelu_tanh(u); }, x);
    check_as_dynamic(
        "sum", [](const auto& u) { return sum(u) * mean(u); }, x);
    check_as_dynamic(
        "sums", [](const auto& u) { return sum_rows(u) * sum_cols(u); }, x);
    check_as_dynamic(
        "a number and a matrix", [](const auto& u, const auto& v) { return u * sum(v) - mean(u) / v; }, x, b);
    check_as_dynamic(
        "matmul", [](const auto& u, const auto& v) { return matmul(u, transpose(v)); }, x, b);
  }
  check_as_dynamic(
      "log", [](const auto& u) { return log(u); }, a);
  check_as_dynamic(
      "sqrt", [](const auto& u) { return sqrt(u); }, a);
  check_as_dynamic(
      "pow", [](const auto& u) { return pow(u, 1.5); }, a);
}

/// Two processes with the same rows.
struct Twins final : Ranks {
  Index size() const override { return 2; }
  Index rank() const override { return 0; }
  void sum(std::span<float> numbers, std::span<double>) const override {
    for (float& number : numbers) number *= 2;
  }
  void sum(std::span<double> numbers, std::span<double>) const override {
    for (double& number : numbers) number *= 2;
  }
};

/// A user's function, whose derivative is asked for in backward() alone.
struct Cubed {
  int* asked;
  double operator()(double x) const { return x * x * x; }
  double derivative(double x, double) const {
    ++*asked;
    return 3 * x * x;
  }
};

}  // namespace

TEST_CASE("sizes that are part of the type give the bits that other sizes give") {
  check_size<double, 1, 1>();
  check_size<double, 2, 2>();
  check_size<double, 3, 1>();
  check_size<double, 1, 4>();
  check_size<float, 1, 1>();
  check_size<float, 5, 3>();
  check_size<float, 17, 1>();
}

TEST_CASE("complex numbers") {
  using C = std::complex<double>;
  for (const bool single : {true, false}) {
    CAPTURE(single);
    const C a(0.3, -0.7), b(1.1, 0.4);
    const auto check = [](const auto& x, const auto& y, C u, C v) {
      const auto z = sum(exp(x * y) / (x - 2.0 * y));
      z.backward();
      const C e = std::exp(u * v), d = u - 2.0 * v;
      CHECK(std::abs(x.grad()(0) - (v * e / d - e / (d * d))) < 1e-14);
      CHECK(std::abs(y.grad()(0) - (u * e / d + 2.0 * e / (d * d))) < 1e-14);
    };
    if (single)
      check(variable(a), variable(b), a, b);
    else
      check(variable(Matrix<C, 1, 2>(a, b)), variable(Matrix<C, 1, 2>(b, a)), a, b);
  }
}

TEST_CASE("numbers and matrices in one computation") {
  const test::Numbers start = test::numbers(3, 5, 1);
  const auto w = variable(start);
  const auto k = variable(0.5);
  const auto energy = sum(w * w);        // an operation on a matrix, whose result is a number
  const auto damped = energy * k + k;    // numbers
  const auto all = sum(w * damped) * k;  // a number broadcast to a matrix, and back
  all.backward(RetainGraph{true});
  const double e = start.squaredNorm(), s = start.sum();
  CHECK(std::abs(all.item() - s * (e * 0.5 + 0.5) * 0.5) < 1e-12);
  CHECK(test::distance(w.grad(), 0.5 * ((e * 0.5 + 0.5) * test::Numbers::Ones(3, 5) + s * start)) < 1e-14);
  CHECK(std::abs(k.grad()(0) - s * (e + 1)) < 1e-12);
  all.backward();
  CHECK(std::abs(k.grad()(0) - 2 * s * (e + 1)) < 1e-12);
  CHECK(contains(usage_error([&] { all.backward(); }), "was freed by an earlier backward()"));
}

TEST_CASE("a matrix of dynamic size that is used as a number") {
  const Var<double> x = variable(Matrix<double>(Matrix<double>::Constant(1, 1, 3)));
  const Var<double, 1, 1> number = x;
  const auto y = number * number + number;
  y.backward();
  CHECK(x.grad()(0) == 7);
  CHECK(contains(usage_error([] { (Var<double, 1, 1>() + variable(1.0)).item(); }),
                 "add: an operand holds no value yet"));
  CHECK(contains(usage_error([] { (void)exp(Var<double, 1, 1>()); }), "exp: an operand holds no value yet"));
}

TEST_CASE("a parameter that is a number") {
  Parameter<double, 1, 1> p;
  p.value()(0) = 3;
  const auto x = variable(2.0);
  const auto y = p * x + x / p;
  y.backward();
  CHECK(p.grad()(0) == doctest::Approx(2 - 2.0 / 9));
  CHECK(x.grad()(0) == doctest::Approx(3 + 1.0 / 3));
  const auto again = p * x;
  const Parameter<double, 1, 1> copy = p;
  p = copy;  // an assignment counts as a change
  CHECK(contains(usage_error([&] { again.backward(); }), "a parameter [1, 1] has changed since it was used"));
  CHECK(x.grad()(0) == doctest::Approx(3 + 1.0 / 3));
  const std::size_t before = tape_size();
  (p * x).backward();
  CHECK(tape_size() == before);
}

TEST_CASE("what is not recorded has no gradient, and what is no variable gets none") {
  const auto x = variable(3.0);
  const auto c = constant(Matrix<double, 1, 1>(2.0));
  {
    const auto y = no_grad([&] { return x * x + 1.0; });
    CHECK(y.item() == 10);
    CHECK_FALSE(y.requires_grad());
    CHECK(contains(usage_error([&] { y.backward(); }), "nothing that 'shift' was computed from wants a gradient"));
  }
  CHECK_FALSE((c * c - c).requires_grad());
  const auto y = (x * x).detach() * c * x + c;
  y.backward();
  CHECK(x.grad()(0) == 18);
  CHECK(contains(usage_error([&] { (void)c.grad(); }), "'constant' keeps no gradient"));
}

TEST_CASE("a number that was freed is noticed, by all that was computed from it, and the tape stays clean") {
  const std::size_t before = tape_size();
  {
    const auto x = variable(3.0);
    const auto y = x * x;
    const auto z = exp(y * 0.1);
    (y + 1.0).backward();
    CHECK(x.grad()(0) == 6);
    for (int repeat = 0; repeat < 2; ++repeat)
      CHECK(contains(usage_error([&] { (z * z).backward(); }), "was freed by an earlier backward()"));
    CHECK(x.grad()(0) == 6);
    CHECK(y.item() == 9);
    (x * x).backward();
    CHECK(x.grad()(0) == 12);
  }
  CHECK(tape_size() == before);
}

TEST_CASE("numbers live as long as somebody refers to them") {
  const std::size_t before = tape_size();
  {
    const auto x = variable(2.0);
    Var<double, 1, 1> middle, last;
    {
      const auto a = x * x, unused = a + 1.0;
      middle = a * 3.0;
      last = middle * middle + x;
      CHECK(tape_size() == before + 6);
    }
    CHECK(tape_size() == before + 5);  // the unused one has gone
    last.backward();
    CHECK(tape_size() == before + 3);
    CHECK(x.grad()(0) == 4 * 9 * 8 + 1);
    CHECK(middle.item() == 12);
    middle = {};
    CHECK(tape_size() == before + 2);
    const auto later = x * 2.0;  // older ones go before it
    last = later;
    CHECK(tape_size() == before + 2);
  }
  CHECK(tape_size() == before);
}

TEST_CASE("older numbers that nobody refers to any more go, and younger ones stay") {
  const std::size_t before = tape_size();
  std::vector<Var<double, 1, 1>> kept;
  {
    const auto x = variable(2.0);
    for (int i = 0; i < 100; ++i) {
      const auto y = x * static_cast<double>(i) + x;
      if (i % 3 == 0) kept.push_back(y * y);
    }
    for (std::size_t i = 0; i < kept.size(); i += 2) kept[i].backward();
  }
  CHECK(kept[33].item() == 200.0 * 200.0);
  for (std::size_t i = 1; i < kept.size(); i += 2) kept[i].backward();
  CHECK(tape_size() == before + kept.size());
  kept.clear();
  CHECK(tape_size() == before);
}

TEST_CASE("a million numbers overflow no stack, walked or dropped") {
  const std::size_t before = tape_size();
  for (const bool walked : {true, false}) {
    const auto x = variable(2.0);
    Var<double, 1, 1> y = x;
    for (int i = 0; i < 500'000; ++i) y = (y + x) * 0.5;
    CHECK(y.item() == 2);
    if (walked) {
      y.backward();
      CHECK(x.grad()(0) == doctest::Approx(1));
    }
  }
  CHECK(tape_size() == before);
}

TEST_CASE("numbers that are rows shared among processes") {
  const Twins twins;
  const std::size_t before = tape_size();
  {
    const auto row = constant(Matrix<double, 1, 1>(3.0));
    row.node()->tape->set_share(row.node(), RowShare(twins, 2));
    const auto k = variable(0.5);
    const auto y = exp(k * row) - k;
    CHECK(y.node()->share().ranks == &twins);
    CHECK(y.detach().node()->share().all_rows == 2);
    const auto loss = sum(y) * 2.0;
    CHECK(loss.node()->share().ranks == nullptr);
    CHECK(loss.item() == doctest::Approx(4 * (std::exp(1.5) - 0.5)));
    loss.backward();
    CHECK(k.grad()(0) == doctest::Approx(4 * (3 * std::exp(1.5) - 1)));
  }
  CHECK(tape_size() == before);
}

TEST_CASE("a user's function is differentiated in backward() alone, also of a number") {
  int asked = 0;
  const auto x = variable(2.0);
  const auto y = map(Cubed{&asked}, x) * 2.0;
  CHECK(y.item() == 16);
  CHECK(asked == 0);
  y.backward();
  CHECK(asked == 1);
  CHECK(x.grad()(0) == 24);
}

TEST_CASE("numbers on two threads, and some that outlive theirs") {
  Var<double, 1, 1> other;
  std::thread([&] {
    const auto x = variable(3.0);
    other = x * x + x;
  }).join();
  CHECK(other.item() == 12);
  CHECK(contains(usage_error([&] { (void)(other * 2.0); }), "scale: an operand ('add') belongs to another thread"));
  CHECK(contains(usage_error([&] { (void)(variable(1.0) / other); }), "div: an operand ('add') belongs to another"));
}
