// For the tests that need a GPU: where there is none, they say so and are skipped (exit code 77).
#pragma once

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

namespace test {

/// Before main: ends the program if there is no GPU that it can use.
inline const int gpu_count = [] {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  std::printf("skipped: no GPU (%s)\n", cudaGetErrorString(status));
  std::exit(77);
}();

}  // namespace test
