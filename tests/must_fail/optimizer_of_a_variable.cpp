// A value on the tape has no numbers that last; a Parameter has.
// expect: tinynet: an optimizer takes a net (a module) or a Parameter; numbers that are to be trained by themselves go
#include <tinynet/optim/adam.hpp>

void train(tinynet::Var<float>& variable, tinynet::Parameter<float>& parameter) {
#ifdef TINYNET_MUST_FAIL
  tinynet::Adam{variable, {.lr = 0.1}};
#else
  static_cast<void>(variable);
  tinynet::Adam{parameter, {.lr = 0.1}};
#endif
}
