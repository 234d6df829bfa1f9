#include <doctest/doctest.h>

#include <cmath>
#include <tinynet/optim/adam.hpp>
#include <tinynet/optim/optimizer.hpp>
#include <tinynet/optim/sgd.hpp>
#include <utility>
#include <vector>

#include "toy.hpp"

using test::Toy;
using tinynet::Adam;
using tinynet::SGD;

TEST_CASE("zero_grad sets all gradients to zero, step counts") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  CHECK(optimizer.steps() == 0);
  const double before = toy.p.value()(0, 36);
  test::set_gradient(toy, 1);
  const double gradient = toy.p.grad()(0, 36);
  REQUIRE(gradient != 0);
  optimizer.step();
  CHECK(toy.p.value()(0, 36) == before - 0.5 * gradient);
  CHECK(optimizer.steps() == 1);
  optimizer.zero_grad();
  CHECK((toy.p.grad().array() == 0).all());
  optimizer.step();
  CHECK(toy.p.value()(0, 36) == before - 0.5 * gradient);
  CHECK(optimizer.steps() == 2);
}

TEST_CASE("a learning rate that is changed counts from the next step on") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  CHECK(optimizer.lr() == 0.5);
  optimizer.set_lr(0.25);
  const double before = toy.p.value()(0, 0);
  toy.p.grad().setConstant(2);
  optimizer.step();
  CHECK(toy.p.value()(0, 0) == before - 0.5);
}

TEST_CASE("a training that is taken up again is as if it had not stopped") {
  Toy<double> toy, other;
  Adam optimizer{toy, {.lr = 0.02}}, resumed{other, {.lr = 0.02}};
  test::train(toy, optimizer, 0, 10);
  other = toy;
  resumed.restore(optimizer.steps(), optimizer.state());
  CHECK(resumed.steps() == 10);
  test::train(toy, optimizer, 10, 20);
  test::train(other, resumed, 10, 20);
  CHECK(other.p.value() == toy.p.value());

  // Without the state it is not.
  Toy<double> third;
  Adam fresh{third, {.lr = 0.02}};
  test::train(third, fresh, 0, 10);
  Adam again{third, {.lr = 0.02}};
  test::train(third, again, 10, 20);
  CHECK(third.p.value() != toy.p.value());
}

TEST_CASE("a state of another size is refused, and nothing is changed") {
  Toy<double> toy;
  Adam optimizer{toy};
  test::train(toy, optimizer, 0, 3);
  const auto state = optimizer.state();
  using State = std::vector<Adam<double>::Vector>;
  const char* const text = "Optimizer: the state is not one of this optimizer";
  CHECK_THROWS_WITH_AS(optimizer.restore(1, State{}), text, tinynet::Error);
  CHECK_THROWS_WITH_AS(optimizer.restore(1, State{state[0], state[1].head(36)}), text, tinynet::Error);
  CHECK_THROWS_WITH_AS(optimizer.restore(-1, state), text, tinynet::Error);
  CHECK(optimizer.steps() == 3);
  CHECK(optimizer.state() == state);
}

TEST_CASE("momenta that die away become 0, not numbers the processor is slow with") {
  Toy<float> toy;
  SGD optimizer{toy, {.lr = 0.5, .momentum = 0.5}};
  toy.p.grad().setConstant(1e-20f);
  optimizer.step();
  toy.p.grad().setZero();
  for (int step = 0; step < 58; ++step) optimizer.step();  // to 3.5e-38
  CHECK(optimizer.state()[0].minCoeff() > 3e-38f);
  bool subnormal = false;
  for (int step = 0; step < 40; ++step) {
    optimizer.step();
    for (const float number : optimizer.state()[0]) subnormal |= std::fpclassify(number) == FP_SUBNORMAL;
  }
  CHECK_FALSE(subnormal);
  CHECK(optimizer.state()[0].isZero(0));
}

TEST_CASE("an optimizer stays with the parameters of a net that moves") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  const Toy<double> moved = std::move(toy);
  const double before = moved.p.value()(0, 5);
  moved.p.grad().setConstant(1);
  optimizer.step();
  CHECK(moved.p.value()(0, 5) == before - 0.5);
}

namespace {
struct Empty : tinynet::Module<Empty, float> {};
}  // namespace

TEST_CASE("a module without parameters cannot be optimised") {
  Empty empty;
  CHECK_THROWS_WITH_AS(SGD{empty}, "flat_parameters: this module has no parameters", tinynet::Error);
}
