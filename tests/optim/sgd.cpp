#include <doctest/doctest.h>

#include <tinynet/nn/linear.hpp>
#include <tinynet/optim/sgd.hpp>

#include "toy.hpp"

TEST_CASE("20 steps are PyTorch's") {
  // SGD(lr=0.05)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::SGD{toy, {.lr = 0.05}};
            },
            {-0.3539436228673509, 0.004500131196794385, 0.22112052997603998, -0.07083582883059315}) < 1e-13);
  // SGD(lr=0.05, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::SGD{toy, {.lr = 0.05, .weight_decay = 0.1}};
            },
            {-0.3192911984287666, 0.0014278080428896784, 0.198386701745691, -0.06654648482295371}) < 1e-13);
  // SGD(lr=0.05, momentum=0.9)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::SGD{toy, {.lr = 0.05, .momentum = 0.9}};
            },
            {0.18370419460122153, -0.017427924818373318, -0.18653425004638652, 0.025296574185358797}) < 1e-13);
  // SGD(lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::SGD{toy, {.lr = 0.05, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.1}};
            },
            {0.1808825917636871, 0.009889033325714188, -0.15111715253595637, 0.047209435860705175}) < 1e-13);
  // SGD(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::SGD{toy, {.lr = 0.05, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true}};
            },
            {0.13099157067756226, -0.05600843174364666, -0.1483473625641987, -0.023583967471259792}) < 1e-13);
}

TEST_CASE("the same in float, but for rounding") {
  CHECK(test::distance<float>(
            [](auto& toy) {
              return tinynet::SGD{toy, {.lr = 0.05, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.1}};
            },
            {0.1808825917636871, 0.009889033325714188, -0.15111715253595637, 0.047209435860705175}) < 2e-5);
}

TEST_CASE("the defaults are PyTorch's") {
  test::Toy<float> toy;
  const auto o = tinynet::SGD{toy}.options();
  CHECK(o.lr == 1e-3);
  CHECK(o.momentum == 0);
  CHECK(o.dampening == 0);
  CHECK(o.weight_decay == 0);
  CHECK_FALSE(o.nesterov);
}

TEST_CASE("Nesterov needs a momentum and no dampening") {
  test::Toy<double> toy;
  const char* const text = "SGD: Nesterov needs a momentum and no dampening";
  CHECK_THROWS_WITH_AS((tinynet::SGD{toy, {.nesterov = true}}), text, tinynet::Error);
  CHECK_THROWS_WITH_AS((tinynet::SGD{toy, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}}), text,
                       tinynet::Error);
}

TEST_CASE("steps smaller than a parameter's last bit add up instead of being lost") {
  tinynet::Linear<1, 1> net;
  tinynet::SGD optimizer{net, {.lr = 0x1p-26}};
  net.weight().value()(0, 0) = 1.0f;
  for (int step = 0; step < 64; ++step) {
    net.weight().grad()(0, 0) = 1.0f;
    optimizer.step();
  }
  CHECK(net.weight().value()(0, 0) == 1.0f - 0x1p-20f);
}
