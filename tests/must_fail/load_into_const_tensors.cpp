// Loading into the state_dict of a const net.
// expect: tinynet: nothing can be loaded into const numbers: the net, or what state_dict is asked of, must not be const
#include <tinynet/io/assign_tensors.hpp>
#include <tinynet/mlp.hpp>

#ifdef TINYNET_MUST_FAIL
using Net = const tinynet::MLP<3, 2>;
#else
using Net = tinynet::MLP<3, 2>;
#endif

void load(Net& net, const std::vector<tinynet::StoredTensor>& tensors) {
  tinynet::assign_tensors("a file", tensors, net.state_dict());
}
