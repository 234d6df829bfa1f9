// In place of gpu.cu where there is no CUDA.
#include <tinynet/core/error.hpp>

#include "gpu.hpp"

namespace mnist {

std::string use_gpu(const std::string&) { throw tinynet::Error(tinynet::ErrorCode::device, "built without CUDA"); }

std::unique_ptr<Model> make_gpu_model(const Options&, const tinynet::Dataset&, Index, const tinynet::Ranks*) {
  throw tinynet::Error(tinynet::ErrorCode::device, "built without CUDA");
}

}  // namespace mnist
