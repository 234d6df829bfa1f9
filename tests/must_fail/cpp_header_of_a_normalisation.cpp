// A layer that save_cpp_header has no text for.
// expect: tinynet: save_cpp_header: a layer other than Linear, Dropout, the elementwise activations, and MLP
#include <tinynet/io/cpp_header.hpp>
#include <tinynet/nn/normalization.hpp>

void write(const tinynet::Matrix<float>& example) {
#ifdef TINYNET_MUST_FAIL
  const tinynet::Sequential net{tinynet::Linear<4, 3>{}, tinynet::LayerNorm<3>{}};
#else
  const tinynet::Sequential net{tinynet::Linear<4, 3>{}, tinynet::ReLU{}};
#endif
  tinynet::save_cpp_header("net.hpp", net, example);
}
