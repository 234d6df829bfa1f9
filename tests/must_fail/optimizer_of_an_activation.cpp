// expect: tinynet: an optimizer takes a net with parameters, and this module has no numbers
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/optim/adadelta.hpp>

void train(tinynet::ReLU& relu, tinynet::Linear<3, 2>& net) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Adadelta{relu};
#else
  static_cast<void>(relu);
  tinynet::Adadelta{net};
#endif
}
