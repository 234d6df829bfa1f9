#include <doctest/doctest.h>

#include <array>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/cuda/row_loss.hpp>

namespace gpu = tinynet::detail::gpu;

TEST_CASE("cross entropy of a row, and its gradient in its place") {
  const std::array<std::int32_t, 2> labels{3, 1};
  for (const double smoothing : {0.0, 0.25}) {
    const gpu::CrossEntropyRow<double, 4> loss{labels.data(), smoothing, 0.5};
    const std::array<double, 4> x{0.25, -1, 800, 799.5};  // no exponential overflows
    std::array<double, 4> y = x, e{};
    const double expected =
        tinynet::detail::cross_entropy_row<double>(x.data(), 4, 1, smoothing, e.data(), nullptr, 0.5);
    CHECK(loss(1, y.data()) == doctest::Approx(expected).epsilon(1e-14));
    double sum = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const double softmax = std::exp(x[j] - 800) / (1 + std::exp(-0.5));
      CHECK(y[j] == doctest::Approx(0.5 * (softmax - smoothing / 4 - (j == 1 ? 1 - smoothing : 0))));
      sum += y[j];
    }
    CHECK(std::abs(sum) < 1e-15);
  }
}

TEST_CASE("a row with a negative label does not count") {
  const std::int32_t label = -1;
  const gpu::CrossEntropyRow<float, 3> loss{&label, 0.1f, 0.5f};
  std::array<float, 3> y{1, 4, 0};
  CHECK(loss(0, y.data()) == 0);
  CHECK(y == std::array<float, 3>{0, 0, 0});
}

TEST_CASE("an elementwise loss of a row") {
  const std::array<float, 6> targets{9, 9, 9, 1, 2, 3};
  const gpu::ElementwiseRow<float, 3, tinynet::functions::SquaredError> loss{targets.data(), 0.25f};
  std::array<float, 3> y{1, 4, 0};
  CHECK(loss(1, y.data()) == 13);
  CHECK(y == std::array<float, 3>{0, 1, -1.5});
}
