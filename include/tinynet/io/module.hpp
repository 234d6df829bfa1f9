// A net's parameters and buffers in safetensors files, under PyTorch's names. Needs nlohmann-json.
#pragma once

#include <string>
#include <tinynet/io/safetensors.hpp>
#include <tinynet/nn/module.hpp>

namespace tinynet {

/// Writes all parameters and buffers of a module, as write_safetensors does.
template <detail::IsModule M>
void save_safetensors(const std::string& path, const M& net, const Metadata& metadata = {}) {
  save_safetensors<typename M::Scalar>(path, state_dict(net), metadata);
}

/// Reads all parameters and buffers of a module, all or nothing; see assign_tensors for what fits and the errors.
template <detail::IsModule M>
LoadReport load_safetensors(const std::string& path, M& net, const LoadOptions& options = {}) {
  const auto parameters = detail::parameter_list(net);
  const LoadReport report =
      load_safetensors(path, state_dict(net), options);  // of a const net, const numbers: which it says
  if constexpr (!std::is_const_v<M>)
    for (auto* const parameter : parameters) parameter->mark_changed();
  return report;
}

}  // namespace tinynet
