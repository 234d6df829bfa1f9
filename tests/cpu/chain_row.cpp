#include <doctest/doctest.h>

#include <tinynet/autodiff/functions.hpp>
#include <tinynet/core/eigen.hpp>
#include <tinynet/cpu/chain_row.hpp>

namespace tn = tinynet;
namespace detail = tinynet::detail;

TEST_CASE("a row goes through all stages, with and without bias and activation") {
  const tn::functions::Tanh tanh;
  const tn::functions::Softplus softplus;  // needs its input on the way back, and is not 0 at 0
  const tn::Matrix<double> w1 = tn::Matrix<double>::Random(13, 20), b1 = tn::Matrix<double>::Random(1, 13),
                           w2 = tn::Matrix<double>::Random(9, 13), w3 = tn::Matrix<double>::Random(3, 9),
                           b3 = tn::Matrix<double>::Random(1, 3);
  const std::array stages{
      detail::Stage<double>{20, 13, w1.data(), b1.data(), detail::TileFunction<double>(softplus)},
      detail::Stage<double>{13, 9, w2.data(), nullptr, {}},
      detail::Stage<double>{9, 3, w3.data(), b3.data(), detail::TileFunction<double>(tanh)},
  };
  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(2, 20);  // column-major: a row must be gathered
  const tn::Matrix<double> h1 = (x.row(1) * w1.transpose() + b1).array().exp().log1p().matrix();
  const tn::Matrix<double> expected = (h1 * w2.transpose() * w3.transpose() + b3).array().tanh().matrix();
  tn::Matrix<double> y = tn::Matrix<double>::Constant(1, 5, 7);
  detail::chain_row<double>(stages, tn::Rows(x.row(1)), y.data());
  CHECK((y.leftCols(3) - expected).cwiseAbs().maxCoeff() < 1e-14);
  CHECK(y(0, 3) == 7);
  CHECK(y(0, 4) == 7);
}
