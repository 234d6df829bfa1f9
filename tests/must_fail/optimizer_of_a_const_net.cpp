// expect: tinynet: an optimizer changes the net that it takes, and this one is const
#include <tinynet/nn/linear.hpp>
#include <tinynet/optim/adagrad.hpp>

void train(const tinynet::Linear<3, 2>& net) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Adagrad{net};
#else
  auto copy = net;
  tinynet::Adagrad{copy};
#endif
}
