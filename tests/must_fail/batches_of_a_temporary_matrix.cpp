// Rows that are gone when the first batch is taken.
// expect: tinynet: give x a name
#include <tinynet/data/batches.hpp>
#include <vector>

auto steps(const Eigen::MatrixXf& x, const std::vector<int>& labels) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Batches batches(Eigen::MatrixXf(x), labels, 2);
#else
  tinynet::Batches batches(x, labels, 2);
#endif
  return batches.per_epoch();
}
