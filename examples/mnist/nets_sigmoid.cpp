// The compiled-in nets whose activation is S-shaped.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_sigmoid_net(const Options& options) {
  if (options.activation == "sigmoid") return make_compiled_in<tinynet::Sigmoid>(options);
  if (options.activation == "tanh") return make_compiled_in<tinynet::Tanh>(options);
  return nullptr;
}

}  // namespace mnist
