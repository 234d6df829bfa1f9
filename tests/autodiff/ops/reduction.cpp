#include <tinynet/autodiff/ops/reduction.hpp>

#include "../../cpu/same_bits.hpp"
#include "../testing.hpp"

using namespace tinynet;
using test::check_gradients;

TEST_CASE("sums and means") {
  const Eigen::MatrixXd a = test::numbers(4, 3, 1);
  const auto x = variable(a);
  CHECK(std::abs(sum(x).item() - a.sum()) <= 1e-14);
  CHECK(std::abs(mean(x).item() - a.mean()) <= 1e-15);
  CHECK(test::distance(sum_rows(x).value(), a.rowwise().sum()) <= 1e-15);
  CHECK(test::distance(sum_cols(x).value(), a.colwise().sum()) <= 1e-15);
  CHECK(test::distance(mean_rows(x).value(), a.rowwise().mean()) <= 1e-15);
  CHECK(test::distance(mean_cols(x).value(), a.colwise().mean()) <= 1e-15);
}

TEST_CASE("gradients") {
  for (const Shape shape : {Shape{4, 3}, Shape{1, 5}, Shape{5, 1}, Shape{1, 1}}) {
    const test::Numbers a = test::numbers(shape.rows, shape.cols, 1);
    CAPTURE(to_string(shape));
    check_gradients(
        "sum", [](const auto& x) { return sum(x * x); }, a);
    check_gradients(
        "mean", [](const auto& x) { return mean(x * x); }, a);
    check_gradients(
        "sum_rows", [](const auto& x) { return sum_rows(x * x); }, a);
    check_gradients(
        "sum_cols", [](const auto& x) { return sum_cols(x * x); }, a);
    check_gradients(
        "mean_rows", [](const auto& x) { return mean_rows(x * x); }, a);
    check_gradients(
        "mean_cols", [](const auto& x) { return mean_cols(x * x); }, a);
  }
}

TEST_CASE("sums of floats are correct to the last digit") {
  Matrix<float> x(60'000, 10);
  long double exact = 0;
  for (Index i = 0; i < x.size(); ++i) exact += x.data()[i] = 1.0f / static_cast<float>(i + 1);
  const auto v = constant(x);
  CHECK(sum(v).item() == static_cast<float>(exact));
  CHECK(mean(v).item() == static_cast<float>(exact / static_cast<long double>(x.size())));
  CHECK(std::abs(static_cast<long double>(sum(sum_cols(v)).item()) - exact) <= 1e-6L * exact);
}

TEST_CASE("values and gradients have the same bits for any number of threads") {
  for (const Index rows : test::row_counts) {
    const Index cols = 13;
    test::check_same_bits<float>(test::numbers<float>(rows * cols, 1), [&](const float* data) {
      const auto x = variable(ConstMatrixView<float>(data, rows, cols));
      const auto centred = x - mean_cols(x);
      const auto y = sum(centred * centred) + mean(x * sum_rows(x));
      y.backward();
      std::vector<float> result(x.grad().data(), x.grad().data() + x.grad().size());
      result.push_back(y.item());
      return result;
    });
  }
}
