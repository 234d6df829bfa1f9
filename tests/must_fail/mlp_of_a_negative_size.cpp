// A size is a number of inputs, hidden units or outputs.
// expect: tinynet: MLP<sizes...>: every size must be positive
#include <tinynet/nn/mlp.hpp>

#ifdef TINYNET_MUST_FAIL
tinynet::MLP<784, -30, 10> net;
#else
tinynet::MLP<784, 30, 10> net;
#endif
