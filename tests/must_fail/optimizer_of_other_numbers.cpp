// expect: tinynet: the numbers of the optimizer and of the net must be of one type
#include <tinynet/nn/linear.hpp>
#include <tinynet/optim/sgd.hpp>

void train(tinynet::Linear<3, 2, float>& net) {
#ifdef TINYNET_MUST_FAIL
  tinynet::SGD<double> optimizer(net);
#else
  tinynet::SGD<float> optimizer(net);
#endif
}
