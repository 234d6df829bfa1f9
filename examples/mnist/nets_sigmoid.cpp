// The compiled-in nets whose activation is S-shaped.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_sigmoid_net(const Options& options, const tinynet::Dataset& train,
                                        const tinynet::Ranks* ranks) {
  if (options.activation == "sigmoid") return make_compiled_in<tinynet::Sigmoid>(options, train, ranks);
  if (options.activation == "tanh") return make_compiled_in<tinynet::Tanh>(options, train, ranks);
  return nullptr;
}

}  // namespace mnist
