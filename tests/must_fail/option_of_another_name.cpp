// An optimizer's option by another library's name.
// expect: tinynet: the option is called lr, as in PyTorch: SGD{net, {.lr = 0.1}}
#include <tinynet/mlp.hpp>

void f(tinynet::MLP<3, 2>& net) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Adam optimizer{net, {.learning_rate = 0.1}};
#else
  tinynet::Adam optimizer{net, {.lr = 0.1}};
#endif
  optimizer.step();
}
