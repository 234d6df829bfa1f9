// Nobody would ever see what it has learnt.
// expect: tinynet: an optimizer takes a net that goes on living, not a temporary
#include <tinynet/nn/linear.hpp>
#include <tinynet/optim/rmsprop.hpp>

void train() {
  tinynet::Linear<3, 2> net;
#ifdef TINYNET_MUST_FAIL
  tinynet::RMSprop{tinynet::Linear<3, 2>()};
#else
  tinynet::RMSprop{net};
#endif
}
