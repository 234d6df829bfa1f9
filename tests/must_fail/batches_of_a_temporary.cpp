// Labels that are gone when the first batch is taken.
// expect: deleted
#include <tinynet/data/batches.hpp>
#include <vector>

auto steps(const Eigen::MatrixXf& x, const std::vector<int>& labels) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Batches batches(x, std::vector<int>(labels), 2);
#else
  tinynet::Batches batches(x, labels, 2);
#endif
  return batches.per_epoch();
}
