#include <tinynet/autodiff/ops/normalization.hpp>

#include "../testing.hpp"

using namespace tinynet;
using test::numbers;

namespace {

const test::Numbers x = numbers(6, 4, 1), w = numbers(1, 4, 2), b = numbers(1, 4, 3);

}  // namespace

TEST_CASE("rows, or columns, get mean 0 and variance 1") {
  const test::Numbers one = test::Numbers::Ones(1, 4), zero = test::Numbers::Zero(1, 4);
  const Eigen::ArrayXXd rows = layer_norm(variable(x), one, zero, 0.0).value();
  CHECK(rows.rowwise().mean().abs().maxCoeff() <= 1e-15);
  CHECK((rows.square().rowwise().mean() - 1).abs().maxCoeff() <= 1e-14);
  const Eigen::ArrayXXd cols = batch_norm(variable(x), one, zero, 0.0).value();
  CHECK(cols.colwise().mean().abs().maxCoeff() <= 1e-15);
  CHECK((cols.square().colwise().mean() - 1).abs().maxCoeff() <= 1e-14);
}

TEST_CASE("the statistics of a batch, eps, weight and bias") {
  const auto result = batch_norm_with_statistics(variable(x), variable(w), variable(b), 0.1);
  const Eigen::ArrayXXd mean = x.colwise().mean();
  const Eigen::ArrayXXd centred = x.array() - mean.replicate(6, 1);
  const Eigen::ArrayXXd variance = centred.square().colwise().mean();
  CHECK(test::distance(result.mean.value(), mean.matrix()) <= 1e-15);
  CHECK(test::distance(result.variance.value(), variance.matrix()) <= 1e-15);
  const Eigen::ArrayXXd expected =
      centred / (variance + 0.1).sqrt().replicate(6, 1) * w.array().replicate(6, 1) + b.array().replicate(6, 1);
  CHECK(test::distance(result.y.value(), expected.matrix()) <= 1e-15);
}

TEST_CASE("a weight or a bias of another shape is refused, not broadcast") {
  const auto v = variable(x);
  const auto check = [&](const test::Numbers& weight, const test::Numbers& bias, const std::string& rest) {
    CHECK(test::usage_error([&] { (void)layer_norm(v, weight, bias); }) == "layer_norm: " + rest);
    CHECK(test::usage_error([&] { (void)batch_norm(v, weight, bias); }) == "batch_norm: " + rest);
  };
  check(numbers(1, 1, 1), b, "the weight must have one number a column of the input; found [6, 4] and [1, 1]");
  check(numbers(6, 4, 1), b, "the weight must have one number a column of the input; found [6, 4] and [6, 4]");
  check(w, numbers(1, 5, 1), "the bias must have one number a column of the input; found [6, 4] and [1, 5]");
  check(w, numbers(6, 1, 1), "the bias must have one number a column of the input; found [6, 4] and [6, 1]");
}

TEST_CASE("gradients by the input, the weight and the bias") {
  test::check_gradients(
      "layer_norm", [](const auto& v, const auto& weight, const auto& bias) { return layer_norm(v, weight, bias); }, x,
      w, b);
  test::check_gradients(
      "batch_norm", [](const auto& v, const auto& weight, const auto& bias) { return batch_norm(v, weight, bias); }, x,
      w, b);
}
