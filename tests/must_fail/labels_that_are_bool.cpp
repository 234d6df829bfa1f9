// Truth values as the labels of batches.
// expect: tinynet: the labels of batches must be whole numbers
#include <tinynet/data/batches.hpp>
#include <vector>

auto steps(const Eigen::MatrixXf& x) {
#ifdef TINYNET_MUST_FAIL
  const std::vector<bool> labels{false, true, true};
#else
  const std::vector<unsigned char> labels{0, 1, 1};
#endif
  return tinynet::Batches(x, labels, 2).per_epoch();
}
