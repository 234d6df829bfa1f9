#include <tinynet/autodiff/ops/softmax.hpp>

#include "../../cpu/same_bits.hpp"
#include "../testing.hpp"

using namespace tinynet;

TEST_CASE("softmax and its logarithm, and their gradients") {
  for (const Index classes : {1, 2, 10, 17}) {
    const test::Numbers a = test::numbers(3, classes, 1);
    const Eigen::MatrixXd e = a.array().exp();
    const Eigen::MatrixXd expected = (e.array().colwise() / e.rowwise().sum().array()).matrix();
    CHECK(test::distance(softmax(variable(a)).value(), expected) <= 1e-15);
    CHECK((log_softmax(variable(a)).value().array() - expected.array().log()).abs().maxCoeff() <= 1e-14);
    test::check_gradients(
        "softmax", [](const auto& x) { return softmax(x * x); }, a);
    test::check_gradients(
        "log_softmax", [](const auto& x) { return log_softmax(x) * log_softmax(x); }, a);
  }
}

TEST_CASE("large, equal and infinite numbers") {
  const auto row = [](const auto& y) { return Eigen::RowVectorXf(y.value()); };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK(row(softmax(constant(Eigen::RowVector2f(0, 200)))) == Eigen::RowVector2f(0, 1));
  CHECK(row(log_softmax(constant(Eigen::RowVector2f(0, 200)))) == Eigen::RowVector2f(-200, 0));
  CHECK(row(softmax(constant(Eigen::RowVector3f(-infinity, 1, 1)))) == Eigen::RowVector3f(0, 0.5f, 0.5f));
  for (const float level : {-3e38f, -1e4f, 1e4f, 3e38f})
    CHECK(row(softmax(constant(Eigen::RowVector4f::Constant(level)))) == Eigen::RowVector4f::Constant(0.25f));
}

TEST_CASE("a NaN or +infinity is seen in the whole row, and in no other") {
  for (const Index place : {0, 3, 9})
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      Matrix<float> x = test::numbers(3, 10, 1).cast<float>();
      x(1, place) = bad;
      for (const auto& y : {softmax(constant(x)), log_softmax(constant(x))}) {
        CHECK(y.value()(1, place) != y.value()(1, place));
        CHECK(y.value().row(0).allFinite());
        CHECK(y.value().row(2).allFinite());
      }
      CHECK(softmax(constant(x)).value().row(1).array().isNaN().all());
    }
}

TEST_CASE("the same bits for any number of threads") {
  for (const Index rows : test::row_counts)
    test::check_same_bits<float>(test::numbers<float>(rows * 10, 1), [&](const float* data) {
      const auto x = variable(ConstMatrixView<float>(data, rows, 10));
      sum(softmax(x) * log_softmax(x)).backward();
      return std::vector<float>(x.grad().data(), x.grad().data() + x.grad().size());
    });
}
