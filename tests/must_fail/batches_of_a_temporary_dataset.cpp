// A data set that is gone when the first batch is taken.
// expect: tinynet: batches of a temporary: give it a name
#include <tinynet/data/batches.hpp>

auto steps(const tinynet::Dataset& data) {
#ifdef TINYNET_MUST_FAIL
  auto batches = tinynet::batches(tinynet::Dataset(data), 2);
#else
  const tinynet::Dataset copy(data);
  auto batches = tinynet::batches(copy, 2);
#endif
  return batches.per_epoch();
}
