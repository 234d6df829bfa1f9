// An Eigen matrix has no gradient.
// expect: tinynet: an optimizer takes a net (a module) or a Parameter; numbers that are to be trained by themselves go
#include <tinynet/optim/sgd.hpp>

void train(Eigen::MatrixXf& matrix, tinynet::Parameter<float, 2, 3>& parameter) {
#ifdef TINYNET_MUST_FAIL
  tinynet::SGD{matrix};
#else
  static_cast<void>(matrix);
  tinynet::SGD{parameter};
#endif
}
