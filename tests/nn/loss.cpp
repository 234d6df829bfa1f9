#include <doctest/doctest.h>

#include <array>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/loss.hpp>

using namespace tinynet;

// PyTorch's classes of the same names, in float64.
TEST_CASE("losses remember their options") {
  const auto x = variable(Matrix<double, 2, 3>{{1, 2, -1}, {3, 0.5, 4}});
  const Matrix<double, 2, 3> t{{0, 1, 0.5}, {0.25, 1, 0}};
  const std::array labels{2, 0};
  const auto is = [](double value) { return doctest::Approx(value).epsilon(1e-14); };
  CHECK(CrossEntropyLoss{}(x, labels).item() == is(2.3420549061421765));
  CHECK(CrossEntropyLoss{{.reduction = Reduction::sum, .label_smoothing = 0.1}}(x, labels).item() ==
        is(4.567443145617687));
  CHECK(MSELoss{}(x, t).item() == is(4.677083333333333));
  CHECK(MSELoss{Reduction::sum}(x, t).item() == is(28.0625));
  CHECK(L1Loss{}(x, t).item() == is(1.7916666666666667));
  CHECK(L1Loss{Reduction::sum}(x, t).item() == is(10.75));
  CHECK(HuberLoss{{.delta = 0.5}}(x, t).item() == is(0.7708333333333334));
  CHECK(HuberLoss{{.reduction = Reduction::sum}}(x, t).item() == is(7.875));
  CHECK(BCEWithLogitsLoss{}(x, t).item() == is(1.507377608291846));
  CHECK(BCEWithLogitsLoss{Reduction::sum}(x, t).item() == is(9.044265649751075));
}

TEST_CASE("they take what a net gives") {
  const Linear<3, 3, double> net{Seed{1}};
  const Matrix<double, 2, 3> x{{1, 2, -1}, {3, 0.5, 4}}, t{{0, 1, 0.5}, {0.25, 1, 0}};
  const std::array labels{2, 0};
  CHECK(CrossEntropyLoss{}(net(x), labels).item() == doctest::Approx(cross_entropy(net(x).var(), labels).item()));
  CHECK(MSELoss{}(net(x), t).item() == doctest::Approx(mse_loss(net(x).var(), t).item()));
}
