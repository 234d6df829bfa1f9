#include <tinynet/autodiff/ops/linear.hpp>

#include "../testing.hpp"

using namespace tinynet;
using test::numbers;

namespace {

const test::Numbers x = numbers(5, 4, 1), w = numbers(3, 4, 2), b = numbers(1, 3, 3);

}  // namespace

TEST_CASE("y = x W^T + b and its gradients by all three, or some of them") {
  const auto y = linear(variable(x), variable(w), variable(b));
  CHECK(test::distance(y.value(), (x * w.transpose()).rowwise() + b.row(0)) <= 1e-15);
  test::check_gradients(
      "linear", [](const auto& v, const auto& weight, const auto& bias) { return linear(v, weight, bias); }, x, w, b);
  test::check_gradients(
      "input alone",
      [](const auto& v) {
        using Scalar = typename std::decay_t<decltype(v)>::Scalar;
        return linear(v, constant<Scalar>(w), constant<Scalar>(b));
      },
      x);
  test::check_gradients(
      "weight alone",
      [](const auto& weight) {
        using Scalar = typename std::decay_t<decltype(weight)>::Scalar;
        return linear(constant<Scalar>(x), weight, constant<Scalar>(b));
      },
      w);
}

TEST_CASE("without a bias") {
  CHECK(test::distance(linear(variable(x), variable(w)).value(), x * w.transpose()) <= 1e-15);
}

TEST_CASE("data is read in place, whatever its type, and gets no gradient") {
  const Matrix<std::uint8_t> bytes = (numbers(300, 4, 4, 0, 255)).cast<std::uint8_t>();
  const auto weight = variable(Matrix<float>(w.cast<float>())), bias = variable(Matrix<float>(b.cast<float>()));
  const DataInput<float, dynamic, dynamic> data{Rows(bytes)};
  const auto y = linear(data, weight, bias);
  const auto copied = variable(Matrix<float>(bytes.cast<float>()));
  CHECK(y.value() == linear(copied, weight, bias).value());
  y.backward(y.value());
  const Matrix<float> dw = weight.grad(), db = bias.grad();
  weight.zero_grad();
  bias.zero_grad();
  linear(copied, weight, bias).backward(y.value());
  CHECK(weight.grad() == dw);
  CHECK(bias.grad() == db);
  CHECK(data.var().value() == copied.value());
  CHECK_FALSE(data.var().requires_grad());
}

TEST_CASE("static sizes") {
  const auto weight = variable(Eigen::Matrix<double, 3, 4>(w));
  const auto bias = variable(Eigen::Matrix<double, 1, 3>(b));
  static_assert(std::is_same_v<decltype(linear(variable(x), weight, bias)), Var<double, dynamic, 3>>);
  CHECK(linear(variable(x), weight, bias).value() == linear(variable(x), variable(w), variable(b)).value());
}

TEST_CASE("sizes that do not fit are refused with both shapes") {
  CHECK(test::usage_error([] { (void)linear(variable(numbers(5, 3, 1)), variable(w), variable(b)); }) ==
        "linear: the input must have as many columns as the weight [out, in]; found [5, 3] and [3, 4]");
  CHECK(test::usage_error([] { (void)linear(variable(x), variable(w), variable(numbers(1, 4, 1))); }) ==
        "linear: the bias must have one number a row of the weight; found [1, 4] and [3, 4]");
}
