// What CUDA says went wrong, as the library's exception.
#pragma once

#include <cuda_runtime.h>

#include <string>
#include <tinynet/core/error.hpp>

namespace tinynet::detail {

/// Throws Error (device) that names `call` and the reason, unless the call has succeeded.
inline void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next check would see this error again
  throw Error(ErrorCode::device,
              std::string(call) + ": " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")");
}

/// Throws Error (device) if the launch just made was impossible. What goes wrong on the GPU afterwards is seen by the
/// next call that waits for it.
inline void check_launch(const char* kernel) { check_cuda(cudaGetLastError(), kernel); }

}  // namespace tinynet::detail
