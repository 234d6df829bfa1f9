// The GPUs of this machine: which there are, whether this program can use them, and which one it does.
#pragma once

#include <cstddef>
#include <string>
#include <tinynet/cuda/error.cuh>
#include <vector>

namespace tinynet {

/// A GPU.
struct GpuInfo {
  int index;         ///< as CUDA counts them, from 0
  std::string name;  ///< as the driver gives it
  int architecture;  ///< 90 of sm_90
};

namespace detail {

/// Any kernel is in this program for all architectures that it was built for, or translated when it is loaded.
static __global__ void any_kernel() {}

/// "13.0" of 13000
inline std::string cuda_version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

/// The architectures that the compiler was told: "sm_75, sm_80".
inline std::string built_architectures() {
  std::string list;
  for (const int number : {__CUDA_ARCH_LIST__}) list += (list.empty() ? "sm_" : ", sm_") + std::to_string(number / 10);
  return list;
}

}  // namespace detail

/// All GPUs. Throws Error (device) that says why there is none: no driver, one that is too old, no GPU.
inline std::vector<GpuInfo> gpus() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    throw Error(ErrorCode::device, driver == 0
                                       ? "no NVIDIA driver"
                                       : "the NVIDIA driver is too old: it knows CUDA " + detail::cuda_version(driver) +
                                             ", this program needs " + detail::cuda_version(runtime));
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) throw Error(ErrorCode::device, "no GPU");
  detail::check_cuda(status, "cudaGetDeviceCount");
  std::vector<GpuInfo> list;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    detail::check_cuda(cudaGetDeviceProperties(&properties, i), "cudaGetDeviceProperties");
    list.push_back({i, properties.name, 10 * properties.major + properties.minor});
  }
  return list;
}

/// Makes GPU `index` the calling thread's: what it computes on `cuda`, it computes there. To be called before the
/// thread's first use of a GPU; without it that is CUDA's current one. A thread keeps to one GPU. Throws Error (device)
/// if there is none of this number, or if this program has no code for it.
inline GpuInfo use_gpu(int index) {
  const std::vector<GpuInfo> all = gpus();
  std::string list;
  for (const GpuInfo& gpu : all) list += (list.empty() ? "" : ", ") + std::to_string(gpu.index) + " (" + gpu.name + ")";
  if (index < 0 || index >= static_cast<int>(all.size()))
    throw Error(ErrorCode::device, "no GPU " + std::to_string(index) + "; there are: " + list);
  const GpuInfo& gpu = all[static_cast<std::size_t>(index)];
  detail::check_cuda(cudaSetDevice(index), "cudaSetDevice");
  cudaFuncAttributes attributes{};
  const cudaError_t status = cudaFuncGetAttributes(&attributes, detail::any_kernel);
  if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorInvalidDeviceFunction) {
    cudaGetLastError();
    throw Error(ErrorCode::device, "no code for GPU " + std::to_string(index) + " (" + gpu.name + ", sm_" +
                                       std::to_string(gpu.architecture) + ") in this program, which was built for " +
                                       detail::built_architectures());
  }
  detail::check_cuda(status, "cudaFuncGetAttributes");
  return gpu;
}

/// The free memory of the thread's GPU, in bytes. Throws Error (device) if it cannot be had.
inline std::size_t free_gpu_memory() {
  std::size_t free = 0, total = 0;
  detail::check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

}  // namespace tinynet
