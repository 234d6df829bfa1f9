// Loading a file into whole numbers.
// expect: tinynet: tensors are loaded as float or double
#include <tinynet/io/assign_tensors.hpp>

#ifdef TINYNET_MUST_FAIL
using Number = int;
#else
using Number = double;
#endif

void load(const std::vector<tinynet::NamedTensor<Number>>& to, const std::vector<tinynet::StoredTensor>& tensors) {
  tinynet::assign_tensors("a file", tensors, to);
}
