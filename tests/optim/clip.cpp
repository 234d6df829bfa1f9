#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <tinynet/optim/clip.hpp>

#include "toy.hpp"

namespace {

// 3, -1, 0.5, 2, -0.25 and zeros.
test::Toy<double> with_gradient() {
  test::Toy<double> toy;
  toy.p.grad().setZero();
  toy.p.grad().leftCols<5>() << 3, -1, 0.5, 2, -0.25;
  return toy;
}

bool first_are(const test::Toy<double>& toy, const Eigen::RowVector<double, 5>& expected) {
  return (toy.p.grad().leftCols<5>() - expected).cwiseAbs().maxCoeff() < 1e-15 &&
         (toy.p.grad().rightCols<32>().array() == 0).all();
}

}  // namespace

TEST_CASE("clip_grad_norm scales to the norm as PyTorch, and returns the norm before") {
  auto toy = with_gradient();
  CHECK(tinynet::clip_grad_norm(toy, 2.0) == doctest::Approx(3.783186487605389).epsilon(1e-15));
  CHECK(first_are(
      toy, {1.5859642218783525, -0.5286547406261175, 0.26432737031305875, 1.057309481252235, -0.13216368515652938}));
  CHECK(tinynet::clip_grad_norm(toy, 100.0) == doctest::Approx(2 * 3.783186487605389 / 3.783187487605389));
}

TEST_CASE("clip_grad_norm leaves a small gradient alone") {
  auto toy = with_gradient();
  CHECK(tinynet::clip_grad_norm(toy, 100.0) == doctest::Approx(3.783186487605389).epsilon(1e-15));
  CHECK(first_are(toy, {3, -1, 0.5, 2, -0.25}));
}

TEST_CASE("clip_grad_value cuts each number") {
  auto toy = with_gradient();
  tinynet::clip_grad_value(toy, 0.75);
  CHECK(first_are(toy, {0.75, -0.75, 0.5, 0.75, -0.25}));
}

TEST_CASE("NaN stays visible") {
  auto toy = with_gradient();
  toy.p.grad()(0, 2) = std::numeric_limits<double>::quiet_NaN();
  tinynet::clip_grad_value(toy, 0.75);
  CHECK(std::isnan(toy.p.grad()(0, 2)));
  CHECK(toy.p.grad()(0, 0) == 0.75);
  CHECK(std::isnan(tinynet::clip_grad_norm(toy, 1.0)));
  CHECK(toy.p.grad().array().isNaN().all());
}
