// Text for labels, where a net is evaluated.
// expect: tinynet: cross_entropy: the labels must be whole numbers
#include <string>
#include <tinynet/mlp.hpp>
#include <vector>

auto accuracy(const tinynet::MLP<4, 3>& net, const Eigen::MatrixXf& x) {
#ifdef TINYNET_MUST_FAIL
  const std::string labels = "012";
#else
  const std::vector<int> labels{0, 1, 2};
#endif
  return tinynet::evaluate(net, x, labels).accuracy;
}
