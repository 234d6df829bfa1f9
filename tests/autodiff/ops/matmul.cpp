#include <tinynet/autodiff/ops/matmul.hpp>

#include "../testing.hpp"

using namespace tinynet;
using test::numbers;

TEST_CASE("a product of matrices and its gradients, small and large") {
  const auto op = [](const auto& a, const auto& b) { return matmul(a, b); };
  test::check_gradients_and_constants("small", op, numbers(3, 4, 1), numbers(4, 2, 2));
  test::check_gradients_and_constants("a vector", op, numbers(1, 5, 1), numbers(5, 1, 2));
  test::check_gradients("in blocks", op, numbers(9, 32, 1), numbers(32, 17, 2));
  test::check_gradients("static sizes", op, Eigen::Matrix<double, 2, 3>(numbers(2, 3, 1)),
                        Eigen::Matrix<double, 3, 2>(numbers(3, 2, 2)));
}

TEST_CASE("many rows on several threads") {
  set_num_threads(4);
  const Eigen::MatrixXd x = numbers(1000, 40, 1), w = numbers(40, 30, 2), upstream = numbers(1000, 30, 3);
  const auto a = variable(x), b = variable(w);
  const auto y = matmul(a, b);
  y.backward(upstream);
  CHECK(test::distance(y.value(), x * w) <= 1e-14);
  CHECK(test::distance(a.grad(), upstream * w.transpose()) <= 1e-14);
  CHECK(test::distance(b.grad(), x.transpose() * upstream) <= 1e-14);
}

TEST_CASE("a matrix times itself") {
  const Eigen::MatrixXd m = numbers(4, 4, 1), ones = Eigen::MatrixXd::Ones(4, 4);
  const auto x = variable(m);
  sum(matmul(x, x)).backward();
  CHECK(test::distance(x.grad(), ones * m.transpose() + m.transpose() * ones) <= 1e-14);
}

TEST_CASE("sizes that do not fit are refused with both shapes") {
  CHECK(test::usage_error([] { (void)matmul(variable(numbers(2, 3, 1)), variable(numbers(4, 5, 1))); }) ==
        "matmul: the first must have as many columns as the second has rows; found [2, 3] and [4, 5]");
}
