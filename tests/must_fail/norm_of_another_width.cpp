// Rows of 4 numbers for a norm of 3 features.
// expect: tinynet: layer_norm: x must have as many columns as the weight and the bias have numbers
#include <tinynet/nn/normalization.hpp>

auto normalised(const tinynet::LayerNorm<3>& norm, const Eigen::Matrix<float, Eigen::Dynamic, 3>& x,
                [[maybe_unused]] const Eigen::Matrix<float, Eigen::Dynamic, 4>& wrong) {
#ifdef TINYNET_MUST_FAIL
  return norm(wrong).value().eval();
#else
  return norm(x).value().eval();
#endif
}
