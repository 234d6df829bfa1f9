// The compiled-in nets whose activation is a rectifier or much like one.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_rectifier_net(const Options& options, const tinynet::Dataset& train) {
  if (options.activation == "relu") return make_compiled_in<tinynet::ReLU>(options, train);
  if (options.activation == "leaky_relu") return make_compiled_in<tinynet::LeakyReLU>(options, train);
  if (options.activation == "elu") return make_compiled_in<tinynet::ELU>(options, train);
  return nullptr;
}

}  // namespace mnist
