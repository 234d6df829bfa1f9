// Letters are integers for the language, but no labels.
// expect: tinynet: cross_entropy: the labels must be whole numbers
#include <tinynet/mlp.hpp>
#include <vector>

auto loss(const tinynet::MLP<4, 3>& net, const Eigen::MatrixXf& x) {
#ifdef TINYNET_MUST_FAIL
  const std::vector<char> labels{0, 1, 2};
#else
  const std::vector<signed char> labels{0, 1, 2};
#endif
  return tinynet::cross_entropy(net(x), labels).item();
}
