#include <tinynet/autodiff/ops/arithmetic.hpp>

#include "../testing.hpp"

using namespace tinynet;
using test::check_gradients_and_constants;
using test::numbers;

namespace {

const auto add = [](const auto& a, const auto& b) { return a + b; };
const auto sub = [](const auto& a, const auto& b) { return a - b; };
const auto mul = [](const auto& a, const auto& b) { return a * b; };
const auto quotient = [](const auto& a, const auto& b) { return a / b; };

/// A matrix repeated to the given size.
test::Numbers repeated(const test::Numbers& x, Index rows, Index cols) {
  return x.replicate(rows / x.rows(), cols / x.cols());
}

}  // namespace

TEST_CASE("sum, difference, product and quotient, and a row, a column or a number repeated") {
  const Index rows = 4, cols = 6;
  for (const Shape sa : {Shape{rows, cols}, Shape{1, cols}, Shape{rows, 1}, Shape{1, 1}})
    for (const Shape sb : {Shape{rows, cols}, Shape{1, cols}, Shape{rows, 1}, Shape{1, 1}}) {
      CAPTURE(to_string(sa));
      CAPTURE(to_string(sb));
      const test::Numbers a = numbers(sa.rows, sa.cols, 1), b = numbers(sb.rows, sb.cols, 2, 0.5, 2);
      const Shape shape{std::max(sa.rows, sb.rows), std::max(sa.cols, sb.cols)};
      const Eigen::ArrayXXd x = repeated(a, shape.rows, shape.cols), y = repeated(b, shape.rows, shape.cols);
      const auto va = variable(a), vb = variable(b);
      CHECK(add(va, vb).value() == (x + y).matrix());
      CHECK(sub(va, vb).value() == (x - y).matrix());
      CHECK(mul(va, vb).value() == (x * y).matrix());
      CHECK(quotient(va, vb).value() == (x / y).matrix());
      check_gradients_and_constants("add", add, a, b);
      check_gradients_and_constants("sub", sub, a, b);
      check_gradients_and_constants("mul", mul, a, b);
      check_gradients_and_constants("div", quotient, a, b);
    }
}

TEST_CASE("gradients of many rows, on several threads") {
  set_num_threads(4);
  const auto a = variable(numbers(3001, 5, 1)), row = variable(numbers(1, 5, 2)), col = variable(numbers(3001, 1, 3)),
             number = variable(numbers(1, 1, 4));
  sum(a * row + a * col + a * number).backward();
  const Eigen::MatrixXd x = a.value();
  CHECK(test::distance(row.grad(), x.colwise().sum()) <= 1e-13);
  CHECK(test::distance(col.grad(), x.rowwise().sum()) <= 1e-13);
  CHECK(std::abs(number.grad()(0) - x.sum()) <= 1e-10);
}

TEST_CASE("an operand on both sides") {
  const auto x = variable(numbers(2, 3, 1, 0.5, 2));
  sum(x * x + x / x - x).backward();
  CHECK(test::distance(x.grad(), 2 * x.value() - Eigen::MatrixXd::Ones(2, 3)) <= 1e-15);
}

TEST_CASE("static sizes, and a static and a dynamic one") {
  const auto a = variable(Eigen::Matrix<double, 2, 3>::Constant(2));
  const auto row = variable(Eigen::Matrix<double, 1, 3>::Constant(3));
  const Var<double> any = row;
  CHECK((a * row).value() == Eigen::MatrixXd::Constant(2, 3, 6));
  static_assert(std::is_same_v<decltype(a * row), Var<double, 2, 3>>);
  static_assert(std::is_same_v<decltype(a * any), Var<double, 2, 3>>);
  static_assert(std::is_same_v<decltype(row * any), Var<double, dynamic, 3>>);
  CHECK((row * any).value() == Eigen::MatrixXd::Constant(1, 3, 9));
  sum(a * row).backward();
  CHECK(row.grad() == Eigen::MatrixXd::Constant(1, 3, 4));
}

TEST_CASE("sizes that do not go together are refused with both shapes") {
  const auto a = variable(numbers(2, 3, 1)), b = variable(numbers(3, 2, 1)), c = variable(numbers(2, 2, 1));
  CHECK(test::usage_error([&] { (void)(a + b); }) ==
        "add: the shapes must be equal or broadcast; found [2, 3] and [3, 2]");
  CHECK(test::contains(test::usage_error([&] { (void)(a - c); }), "sub: "));
  CHECK(test::contains(test::usage_error([&] { (void)(c * a); }), "mul: "));
  CHECK(test::contains(test::usage_error([&] { (void)(a / b); }), "div: "));
  CHECK(test::contains(test::usage_error([&] { (void)(a / numbers(2, 4, 1)); }), "found [2, 3] and [2, 4]"));
}
