// The fused step by itself: its gradients against central differences of its own loss. (tests/nn/fused_loss.cpp holds
// it against the tape.)
#include <doctest/doctest.h>

#include <array>
#include <tinynet/autodiff/functions.hpp>
#include <tinynet/cpu/fused_mlp.hpp>

using tinynet::Index;
using tinynet::Matrix;
namespace detail = tinynet::detail;

namespace {

struct Net {
  Matrix<double> w1 = Matrix<double>::Random(9, 5), w2 = Matrix<double>::Random(3, 9);
  Matrix<double> b1 = Matrix<double>::Random(1, 9);
  Matrix<double> dw1{9, 5}, dw2{3, 9}, db1{1, 9};
  tinynet::functions::SiLU hidden;
  tinynet::functions::Tanh last;

  // The sum over all outputs of y^2 / 2 + y.
  double loss(const Matrix<double>& x) {
    const std::array<detail::Stage<double>, 2> stages{
        detail::Stage<double>{5, 9, w1.data(), b1.data(), detail::TileFunction<double>(hidden), dw1.data(), db1.data()},
        detail::Stage<double>{9, 3, w2.data(), nullptr, detail::TileFunction<double>(last), dw2.data(), nullptr}};
    constexpr Index columns = detail::padded<double>(3);
    const auto rows_loss = [](Index, Index rows, const double* y, double* dy) {
      double total = 0;
      for (Index r = 0; r < rows; ++r)
        for (Index j = 0; j < columns; ++j) {
          const double value = y[r * columns + j];
          if (j < 3) total += value * value / 2 + value;
          dy[r * columns + j] = j < 3 ? value + 1 : 0;
        }
      return total;
    };
    for (auto* gradient : {&dw1, &dw2, &db1}) gradient->setZero();
    detail::FusedStep<double> step(stages);
    const double total = step.run(tinynet::Rows(x), detail::TileLoss<double>(rows_loss));
    step.add_gradients(1.5);  // twice, since gradients are added
    step.add_gradients(-0.5);
    return total;
  }
};

}  // namespace

TEST_CASE("the gradients are the derivatives of the loss") {
  for (const Index rows : {1, 7, 300}) {
    Net net;
    const Matrix<double> x = Matrix<double>::Random(rows, 5);
    net.loss(x);
    const Net at = net;
    const auto check = [&](Matrix<double>& weights, const Matrix<double>& gradient) {
      for (Index i = 0; i < weights.size(); i += 4) {
        constexpr double h = 1e-6;
        double& weight = weights.data()[i];
        const double before = weight;
        weight = before + h;
        const double above = net.loss(x);
        weight = before - h;
        const double below = net.loss(x);
        weight = before;
        CHECK((above - below) / (2 * h) == doctest::Approx(gradient.data()[i]).epsilon(1e-6));
      }
    };
    check(net.w1, at.dw1);
    check(net.w2, at.dw2);
    check(net.b1, at.db1);
  }
}
