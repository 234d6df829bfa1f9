// Labels are whole numbers; classes as floats are a mistake.
// expect: tinynet: cross_entropy: the labels must be whole numbers
#include <tinynet/mlp.hpp>
#include <vector>

auto loss(const tinynet::MLP<4, 3>& net, const Eigen::MatrixXf& x) {
#ifdef TINYNET_MUST_FAIL
  const std::vector<float> labels{0, 1, 2};
#else
  const std::vector<int> labels{0, 1, 2};
#endif
  return tinynet::cross_entropy(net(x), labels).item();
}
