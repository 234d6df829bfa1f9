// A CUDA GPU as a device of the library: the calling thread's current GPU, and the stream that the thread has on it.
#pragma once

#ifndef EIGEN_USE_GPU
#error "tinynet: define EIGEN_USE_GPU for the whole translation unit, or include <tinynet/cuda.cuh> before all else"
#endif

#include <cstdint>
#include <limits>
#include <tinynet/cuda/fused_loss.hpp>
#include <tinynet/cuda/fused_mlp.cuh>
#include <tinynet/cuda/stream.cuh>
#include <tinynet/cuda/verbs.hpp>

namespace tinynet::detail {

template <>
struct DeviceRuntime<Cuda> {
  static const Stream& stream() { return Stream::of_thread(); }

  /// Throws Error (device) if there is no GPU, or not enough memory on it.
  static void* allocate(std::size_t bytes) {
    keep_memory();
    void* memory = nullptr;
    if (bytes > 0) check_cuda(cudaMallocAsync(&memory, bytes, stream().get()), "cudaMallocAsync");
    return memory;
  }
  static void deallocate(void* memory) noexcept { cudaFreeAsync(memory, stream().get()); }

  static void upload(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes, cudaMemcpyHostToDevice); }
  static void download(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes, cudaMemcpyDeviceToHost); }

  static const Eigen::GpuDevice& eigen() {
    static_cast<void>(gpu_count());  // Eigen ends the program where there is none
    static const cudaStream_t of_thread = stream().get();
    thread_local const Eigen::GpuStreamDevice stream_device(&of_thread);
    thread_local const Eigen::GpuDevice device(&stream_device);
    return device;
  }
  static void check(const char* what) { check_launch(what); }

  static int shared_bytes() {
    int device = 0, bytes = 0;
    check_cuda(cudaGetDevice(&device), "cudaGetDevice");
    check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
               "cudaDeviceGetAttribute");
    return bytes;
  }
  template <class Arguments>
  static void launch(const Arguments& arguments) {
    gpu::launch(arguments, stream());
  }

 private:
  // What was freed stays in CUDA's pool for the next step, also when the host waits in between.
  static void keep_memory() {
    thread_local int done = -1;
    int device = 0;
    check_cuda(cudaGetDevice(&device), "cudaGetDevice");
    if (device == done) return;
    cudaMemPool_t pool = nullptr;
    check_cuda(cudaDeviceGetDefaultMemPool(&pool, device), "cudaDeviceGetDefaultMemPool");
    std::uint64_t threshold = std::numeric_limits<std::uint64_t>::max();
    check_cuda(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold), "cudaMemPoolSetAttribute");
    done = device;
  }
  static int gpu_count() {
    static const int count = [] {
      int number = 0;
      check_cuda(cudaGetDeviceCount(&number), "cudaGetDeviceCount");
      return number;
    }();
    return count;
  }
  static void copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    if (bytes == 0) return;
    check_cuda(cudaMemcpyAsync(to, from, bytes, kind, stream().get()), "cudaMemcpyAsync");
    stream().wait();
  }
};

}  // namespace tinynet::detail
