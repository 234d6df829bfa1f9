// The compiled-in nets whose activation is S-shaped.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_sigmoid_net(const Options& options, const tinynet::Dataset& train) {
  if (options.activation == "sigmoid") return make_compiled_in<tinynet::Sigmoid>(options, train);
  if (options.activation == "tanh") return make_compiled_in<tinynet::Tanh>(options, train);
  return nullptr;
}

}  // namespace mnist
