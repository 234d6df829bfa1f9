// Labels are one column.
// expect: tinynet: cross_entropy: expected one label a row: a vector, or a matrix of one column
#include <tinynet/mlp.hpp>

auto loss(const tinynet::MLP<4, 3>& net, const Eigen::MatrixXf& x) {
  const Eigen::Matrix<int, 3, 2> labels = Eigen::Matrix<int, 3, 2>::Zero();
#ifdef TINYNET_MUST_FAIL
  return tinynet::cross_entropy(net(x), labels).item();
#else
  return tinynet::cross_entropy(net(x), labels.col(1)).item();
#endif
}
