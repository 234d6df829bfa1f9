// A layer that takes 40 numbers after one that gives 30.
// expect: tinynet: Sequential: a layer takes another number of features than the layer before it gives
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/sequential.hpp>

using tinynet::Linear, tinynet::ReLU, tinynet::Sequential;

#ifdef TINYNET_MUST_FAIL
Sequential net{Linear<784, 30>{}, ReLU{}, Linear<40, 10>{}};
#else
Sequential net{Linear<784, 30>{}, ReLU{}, Linear<30, 10>{}};
#endif
