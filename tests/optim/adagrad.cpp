#include <doctest/doctest.h>

#include <tinynet/optim/adagrad.hpp>

#include "toy.hpp"

TEST_CASE("20 steps are PyTorch's") {
  // Adagrad()
  CHECK(test::distance([](auto& toy) { return tinynet::Adagrad{toy}; },
                       {-0.5651007464518818, 0.028501409954670126, 0.3804832086815982, -0.08924404061700605}) < 1e-13);
  // Adagrad(lr=0.1, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-3)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::Adagrad{
                  toy,
                  {.lr = 0.1, .lr_decay = 0.2, .weight_decay = 0.1, .initial_accumulator_value = 0.5, .eps = 1e-3}};
            },
            {-0.42952559755330433, 0.05779503556799959, 0.3080818037684116, -0.034059657489026667}) < 1e-13);
}

TEST_CASE("the same in float, but for rounding") {
  CHECK(test::distance<float>(
            [](auto& toy) {
              return tinynet::Adagrad{
                  toy,
                  {.lr = 0.1, .lr_decay = 0.2, .weight_decay = 0.1, .initial_accumulator_value = 0.5, .eps = 1e-3}};
            },
            {-0.42952559755330433, 0.05779503556799959, 0.3080818037684116, -0.034059657489026667}) < 2e-5);
}
