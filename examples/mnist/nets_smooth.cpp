// The compiled-in nets whose activation is a rectifier made smooth.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_smooth_net(const Options& options, const tinynet::Dataset& train,
                                       const tinynet::Ranks* ranks) {
  if (options.activation == "silu") return make_compiled_in<tinynet::SiLU>(options, train, ranks);
  if (options.activation == "gelu") return make_compiled_in<tinynet::GELU>(options, train, ranks);
  return nullptr;
}

}  // namespace mnist
