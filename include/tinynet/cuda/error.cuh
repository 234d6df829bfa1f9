// What CUDA says went wrong, as the library's exception.
#pragma once

#include <cuda_runtime.h>

#include <atomic>
#include <string>
#include <tinynet/core/error.hpp>

namespace tinynet::detail {

/// Whether a kernel or the GPU itself has failed, after which CUDA does nothing more in this program.
inline std::atomic<bool> cuda_is_lost = false;

/// Whether nothing more can be done after this: all but a request that was refused.
inline bool is_lasting(cudaError_t status) {
  switch (status) {
    case cudaErrorMemoryAllocation:
    case cudaErrorInvalidValue:
    case cudaErrorInvalidConfiguration:
    case cudaErrorInvalidDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorLaunchOutOfResources:
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
    case cudaErrorNotSupported:
      return false;
    default:
      return true;
  }
}

/// Throws Error (device) that names `call` and the reason, unless the call has succeeded.
inline void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next check would see this error again
  if (is_lasting(status)) cuda_is_lost = true;
  throw Error(ErrorCode::device,
              std::string(call) + ": " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")");
}

/// Throws Error (device) if the launch just made was impossible. What goes wrong on the GPU afterwards is seen by the
/// next call that waits for it.
inline void check_launch(const char* kernel) { check_cuda(cudaGetLastError(), kernel); }

/// Gives something back by f(), if there is still somebody to give it back to. What goes wrong then is the fault of
/// what ran before, and is said where somebody waits for that.
template <class F>
void release_cuda(const F& f) {
  if (!cuda_is_lost) f();
}

}  // namespace tinynet::detail
