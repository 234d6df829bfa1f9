#include <doctest/doctest.h>

#include <tinynet/optim/rmsprop.hpp>

#include "toy.hpp"

TEST_CASE("20 steps are PyTorch's") {
  // RMSprop()
  CHECK(test::distance([](auto& toy) { return tinynet::RMSprop{toy}; },
                       {-0.3198858306050053, 0.031043362602041803, 0.2390683955637346, -0.03650130735406312}) < 1e-13);
  // RMSprop(lr=0.02, alpha=0.9, centered=True)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::RMSprop{toy, {.lr = 0.02, .alpha = 0.9, .centered = true}};
            },
            {-0.3590228775617501, 0.02748875635826719, 0.26629470726795396, -0.049505740517514905}) < 1e-13);
  // RMSprop(lr=0.005, alpha=0.9, eps=1e-3, momentum=0.8, centered=True, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::RMSprop{
                  toy,
                  {.lr = 0.005, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1, .momentum = 0.8, .centered = true}};
            },
            {-0.3041808363139593, 0.05273119915016602, 0.23419579133108934, -0.011241066087370861}) < 1e-13);
}

TEST_CASE("the same in float, but for rounding") {
  CHECK(test::distance<float>(
            [](auto& toy) {
              return tinynet::RMSprop{
                  toy,
                  {.lr = 0.005, .alpha = 0.9, .eps = 1e-3, .weight_decay = 0.1, .momentum = 0.8, .centered = true}};
            },
            {-0.3041808363139593, 0.05273119915016602, 0.23419579133108934, -0.011241066087370861}) < 2e-5);
}
