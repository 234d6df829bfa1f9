// A net reads rows of uint8, float or double.
// expect: tinynet: the input of a net is a matrix of uint8, float or double
#include <tinynet/mlp.hpp>

auto logits(const tinynet::MLP<4, 8, 3>& net) {
#ifdef TINYNET_MUST_FAIL
  const Eigen::Matrix<int, Eigen::Dynamic, 4> x = Eigen::Matrix<int, Eigen::Dynamic, 4>::Ones(2, 4);
#else
  const Eigen::Matrix<std::uint8_t, Eigen::Dynamic, 4> x = Eigen::Matrix<std::uint8_t, Eigen::Dynamic, 4>::Ones(2, 4);
#endif
  return net(x).value().eval();
}
