#include <doctest/doctest.h>

#include <tinynet/optim/adam.hpp>

#include "toy.hpp"

TEST_CASE("20 steps of Adam are PyTorch's") {
  // Adam(lr=0.02)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::Adam{toy, {.lr = 0.02}};
            },
            {-0.40444355720676184, 0.060222122510664985, 0.2762388563558329, -0.02499404150313438}) < 1e-13);
  // Adam(lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::Adam{toy, {.lr = 0.02, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.1}};
            },
            {-0.39135763153268616, 0.04581027660074184, 0.2607104473040418, -0.03336170150503993}) < 1e-13);
}

TEST_CASE("20 steps of AdamW are PyTorch's") {
  // AdamW()
  CHECK(test::distance([](auto& toy) { return tinynet::AdamW{toy}; },
                       {-0.5891915968453155, 0.027341058613631602, 0.3932975993052208, -0.09546412143041193}) < 1e-13);
  // AdamW(lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)
  CHECK(test::distance(
            [](auto& toy) {
              return tinynet::AdamW{toy, {.lr = 0.02, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.1}};
            },
            {-0.3950618005608532, 0.04734235085040051, 0.265361260314064, -0.03485624794077556}) < 1e-13);
}

TEST_CASE("the same in float, but for rounding") {
  CHECK(test::distance<float>(
            [](auto& toy) {
              return tinynet::Adam{toy, {.lr = 0.02, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.1}};
            },
            {-0.39135763153268616, 0.04581027660074184, 0.2607104473040418, -0.03336170150503993}) < 2e-5);
}
