// PyTorch's optimizers take net.parameters().
// expect: tinynet: an optimizer takes the net itself, as in Adam{net}, not a list of its parameters
#include <tinynet/nn/linear.hpp>
#include <tinynet/optim/adam.hpp>

void train(tinynet::Linear<3, 2>& net) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Adam{net.parameters(), {.lr = 0.1}};
#else
  tinynet::Adam{net, {.lr = 0.1}};
#endif
}
