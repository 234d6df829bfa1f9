// The compiled-in nets whose activation is a rectifier or much like one.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_rectifier_net(const Options& options, const tinynet::Dataset& train,
                                          const tinynet::Ranks* ranks) {
  if (options.activation == "relu") return make_compiled_in<tinynet::ReLU>(options, train, ranks);
  if (options.activation == "leaky_relu") return make_compiled_in<tinynet::LeakyReLU>(options, train, ranks);
  if (options.activation == "elu") return make_compiled_in<tinynet::ELU>(options, train, ranks);
  return nullptr;
}

}  // namespace mnist
