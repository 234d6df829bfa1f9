// The same mistake with Eigen, and on the tape.
// expect: tinynet: cross_entropy: the labels must be whole numbers
#include <tinynet/tinynet.hpp>

auto loss(const tinynet::Var<float>& logits) {
#ifdef TINYNET_MUST_FAIL
  const Eigen::VectorXf labels = Eigen::VectorXf::Zero(3);
#else
  const Eigen::VectorXi labels = Eigen::VectorXi::Zero(3);
#endif
  return tinynet::cross_entropy(logits, labels).item();
}
