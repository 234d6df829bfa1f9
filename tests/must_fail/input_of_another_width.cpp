// Rows of 5 numbers for a net that takes 4.
// expect: x must have as many columns as W
#include <tinynet/nn/mlp.hpp>

auto logits(const tinynet::MLP<4, 8, 3>& net, const Eigen::Matrix<float, Eigen::Dynamic, 4>& x,
            [[maybe_unused]] const Eigen::Matrix<float, Eigen::Dynamic, 5>& wrong) {
#ifdef TINYNET_MUST_FAIL
  return net(wrong).value().eval();
#else
  return net(x).value().eval();
#endif
}
