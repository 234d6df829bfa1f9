#include <doctest/doctest.h>

#include <tinynet/optim/adadelta.hpp>

#include "toy.hpp"

TEST_CASE("20 steps are PyTorch's") {
  // Adadelta()
  CHECK(test::distance([](auto& toy) { return tinynet::Adadelta{toy}; },
                       {-0.5773496798174773, 0.023009625750810874, 0.3803602991424651, -0.09642832532954193}) < 1e-13);
  // Adadelta(lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::Adadelta{toy, {.lr = 0.5, .rho = 0.8, .eps = 1e-3, .weight_decay = 0.1}};
            },
            {-0.3465520719644617, -0.010032899198121253, 0.1963204882031573, -0.07507588979848932}) < 1e-13);
}

TEST_CASE("the same in float, but for rounding") {
  CHECK(test::distance<float>(
            [](auto& toy) {
              return tinynet::Adadelta{toy, {.lr = 0.5, .rho = 0.8, .eps = 1e-3, .weight_decay = 0.1}};
            },
            {-0.3465520719644617, -0.010032899198121253, 0.1963204882031573, -0.07507588979848932}) < 2e-5);
}
