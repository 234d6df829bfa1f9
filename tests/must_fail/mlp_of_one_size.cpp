// A net without a layer.
// expect: tinynet: MLP<sizes...> needs at least two sizes: the inputs and the outputs
#include <tinynet/nn/mlp.hpp>

#ifdef TINYNET_MUST_FAIL
tinynet::MLP<784> net;
#else
tinynet::MLP<784, 10> net;
#endif
