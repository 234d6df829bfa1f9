// The same of its parameters.
// expect: tinynet: the parameters of a temporary module: give it a name
#include <tinynet/mlp.hpp>

auto parameters() {
#ifdef TINYNET_MUST_FAIL
  return tinynet::MLP<4, 3>{}.parameters();
#else
  static tinynet::MLP<4, 3> net{};
  return net.parameters();
#endif
}
