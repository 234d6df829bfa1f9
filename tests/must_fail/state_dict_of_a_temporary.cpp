// Pointers into a net that is gone.
// expect: tinynet: the state_dict of a temporary module: give it a name
#include <tinynet/mlp.hpp>

auto names() {
#ifdef TINYNET_MUST_FAIL
  return tinynet::MLP<4, 3>{}.state_dict();
#else
  static tinynet::MLP<4, 3> net{};
  return net.state_dict();
#endif
}
