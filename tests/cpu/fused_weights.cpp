// The layouts of the fused step's weights: every weight where it is looked for, gradients back in the net's order.
#include <doctest/doctest.h>

#include <array>
#include <tinynet/cpu/fused_weights.hpp>
#include <vector>

using tinynet::Index;
using tinynet::Matrix;
namespace detail = tinynet::detail;

TEST_CASE("transposed and straight weights, biases, and gradients, in the net's order and in another one") {
  constexpr Index in = 19, hidden = 21, out = 3;
  const Matrix<float> w1 = Matrix<float>::Random(hidden, in), w2 = Matrix<float>::Random(out, hidden);
  const Matrix<float> b1 = Matrix<float>::Random(1, hidden);
  Matrix<float> dw1 = Matrix<float>::Ones(hidden, in), dw2 = Matrix<float>::Ones(out, hidden);
  Matrix<float> db1 = Matrix<float>::Ones(1, hidden);
  const std::array<detail::Stage<float>, 2> stages{
      detail::Stage<float>{in, hidden, w1.data(), b1.data(), {}, dw1.data(), db1.data()},
      detail::Stage<float>{hidden, out, w2.data(), nullptr, {}, dw2.data(), nullptr}};
  detail::FusedWeights<float> weights(stages);
  weights.load();

  for (const bool reordered : {false, true}) {
    CAPTURE(reordered);
    if (reordered) {
      std::array<double, hidden> number{};
      for (Index j = 0; j < hidden; ++j)
        number[static_cast<std::size_t>(j)] = static_cast<double>(j % 4);  // equal ones keep their order
      weights.order_first_stage(number.data());
      for (Index j = 1; j < hidden; ++j) {
        const Index before = weights.unit(j - 1), unit = weights.unit(j);
        CHECK((before % 4 > unit % 4 || (before % 4 == unit % 4 && before < unit)));
      }
    }
    for (Index j = 0; j < hidden; ++j) {
      const Index unit = weights.unit(j);
      for (Index k = 0; k < in; ++k) CHECK(*weights.transposed(0).at(k, j) == w1(unit, k));
      CHECK(*weights.bias(0).at(5, j) == b1(unit));
      for (Index i = 0; i < out; ++i) {
        CHECK(*weights.transposed(1).at(j, i) == w2(i, unit));
        CHECK(*weights.straight(1).at(i, j) == w2(i, unit));
      }
    }
    for (Index j = hidden; j < detail::padded<float>(hidden); ++j) CHECK(*weights.transposed(0).at(2, j) == 0);

    // A gradient that says where it comes from: twice the number of the weight, added to 1.
    std::vector<float> gradient(static_cast<std::size_t>(weights.gradient_size()), -1.0f);
    std::vector<double> bias_gradient(static_cast<std::size_t>(weights.columns_size()), -1.0);
    const auto at = [&](Index stage, Index row, Index column) -> float& {
      const Index width = detail::padded<float>(stages[static_cast<std::size_t>(stage)].out);
      return gradient[static_cast<std::size_t>(weights.gradient_begin(stage) + row * width + column)];
    };
    for (Index j = 0; j < hidden; ++j) {
      const Index unit = weights.unit(j);
      for (Index k = 0; k < in; ++k) at(0, k, j) = static_cast<float>(unit * in + k);
      for (Index i = 0; i < out; ++i) at(1, j, i) = static_cast<float>(i * hidden + unit);
      bias_gradient[static_cast<std::size_t>(j)] = static_cast<double>(unit);
    }
    dw1.setOnes();
    dw2.setOnes();
    db1.setOnes();
    for (const Index l : {0, 1})
      weights.add_gradient(l, 2, gradient.data() + weights.gradient_begin(l),
                           bias_gradient.data() + weights.columns_begin(l));
    for (Index i = 0; i < dw1.size(); ++i) CHECK(dw1.data()[i] == 1 + 2 * static_cast<float>(i));
    for (Index i = 0; i < dw2.size(); ++i) CHECK(dw2.data()[i] == 1 + 2 * static_cast<float>(i));
    for (Index i = 0; i < hidden; ++i) CHECK(db1(i) == 1 + 2 * static_cast<float>(i));
  }
}
