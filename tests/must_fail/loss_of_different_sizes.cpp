// A target that has another width than the prediction.
// expect: tinynet: a loss of matrices of different sizes
#include <tinynet/autodiff/ops/loss.hpp>

auto loss(const tinynet::Parameter<float, 2, 3>& x) {
#ifdef TINYNET_MUST_FAIL
  const Eigen::Matrix<float, 2, 4> target = Eigen::Matrix<float, 2, 4>::Zero();
#else
  const Eigen::Matrix<float, 2, 3> target = Eigen::Matrix<float, 2, 3>::Zero();
#endif
  return tinynet::mse_loss(x, target).item();
}
