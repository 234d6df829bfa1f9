// The compiled-in nets whose activation is a rectifier made smooth.
#include "net_model.hpp"

namespace mnist {

std::unique_ptr<Model> make_smooth_net(const Options& options) {
  if (options.activation == "silu") return make_compiled_in<tinynet::SiLU>(options);
  if (options.activation == "gelu") return make_compiled_in<tinynet::GELU>(options);
  return nullptr;
}

}  // namespace mnist
