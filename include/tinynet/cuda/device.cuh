// A CUDA GPU as a device of the library: the calling thread's current GPU, and the stream that CUDA has for the thread.
#pragma once

#ifndef EIGEN_USE_GPU
#error "tinynet: define EIGEN_USE_GPU for the whole translation unit, or include <tinynet/cuda.cuh> before all else"
#endif

#include <memory>
#include <string>
#include <tinynet/core/pool.hpp>
#include <tinynet/cuda/fused_loss.hpp>
#include <tinynet/cuda/fused_mlp.cuh>
#include <tinynet/cuda/verbs.hpp>

namespace tinynet::detail {

inline int current_gpu() {
  int gpu = 0;
  check_cuda(cudaGetDevice(&gpu), "cudaGetDevice");
  return gpu;
}

/// Waits until the GPU has done all that the calling thread has given to it. Throws Error (device) if something has
/// failed.
inline void wait_for_gpu() { check_cuda(cudaStreamSynchronize(cudaStreamPerThread), "cudaStreamSynchronize"); }

/// What a thread has on its GPU. A thread uses one all its life, since what it has recorded and kept lies there.
class GpuThread {
 public:
  /// The calling thread's, for its current GPU. Throws Error (usage) if it has used another one before.
  static GpuThread& current() {
    thread_local GpuThread own;
    if (const int gpu = current_gpu(); gpu != own.gpu_)
      throw Error(ErrorCode::usage, "this thread has used GPU " + std::to_string(own.gpu_) + " and cannot go on with " +
                                        std::to_string(gpu) + "; take another thread for that");
    return own;
  }

  GpuThread() : gpu_(current_gpu()) {
    check_cuda(cudaDeviceGetAttribute(&shared_bytes_, cudaDevAttrMaxSharedMemoryPerBlockOptin, gpu_),
               "cudaDeviceGetAttribute");
    waiting() = &queue_;
  }
  GpuThread(const GpuThread&) = delete;
  GpuThread& operator=(const GpuThread&) = delete;
  /// What was asked for is done before the thread ends, since its memory may be used by others then.
  ~GpuThread() {
    if (arrived_ != nullptr) (*memory_).deallocate(arrived_, arrived_bytes);
    release_cuda([this] {
      cudaGetDevice(&restored_.gpu);
      cudaSetDevice(gpu_);
      queue_.flush_quietly();
      try {
        wait_for_gpu();
      } catch (const Error&) {  // there is nobody to tell
      }
    });
    if (cuda_is_lost) static_cast<void>(eigen_.release());  // it would call CUDA
    waiting() = nullptr;
  }

  /// The stream, with all in it that was asked for.
  cudaStream_t stream() {
    queue_.flush();
    return cudaStreamPerThread;
  }
  /// The launches that wait.
  gpu::Queue& queue() { return queue_; }
  int shared_bytes() const { return shared_bytes_; }

  auto& memory() { return *memory_; }
  unsigned* arrived() {
    if (arrived_ == nullptr) {
      arrived_ = static_cast<unsigned*>(memory().allocate(arrived_bytes));
      check_cuda(cudaMemsetAsync(arrived_, 0, arrived_bytes, stream()), "cudaMemsetAsync");
    }
    return arrived_;
  }

  const Eigen::GpuDevice& eigen() {
    if (eigen_ == nullptr) eigen_ = std::make_unique<EigenGpu>();
    stream();
    return eigen_->device;
  }

 private:
  // The calling thread's launches that wait; null before and after it has a GpuThread.
  static gpu::Queue*& waiting() {
    thread_local gpu::Queue* queue = nullptr;
    return queue;
  }

  struct Memory {
    static void* allocate(std::size_t bytes) {
      current();  // a pool that is at hand is of one GPU
      void* memory = nullptr;
      check_cuda(cudaMallocAsync(&memory, bytes, cudaStreamPerThread), "cudaMallocAsync");
      return memory;
    }
    // Of any thread's pool: with its last block the pool of a thread that has ended goes.
    static void deallocate(void* memory) noexcept {
      release_cuda([=] {
        if (waiting() != nullptr) waiting()->flush_quietly();  // what waits may use it
        cudaFreeAsync(memory, cudaStreamPerThread);
      });
    }
  };
  struct EigenGpu {
    cudaStream_t of_thread = cudaStreamPerThread;
    Eigen::GpuStreamDevice stream{&of_thread};
    Eigen::GpuDevice device{&stream};
  };

  static constexpr std::size_t arrived_bytes = most_together * sizeof(unsigned);

  // The members that follow give back what they have on the thread's GPU; then the program's is current again.
  struct Restored {
    int gpu = -1;
    ~Restored() {
      if (gpu >= 0) cudaSetDevice(gpu);
    }
  } restored_;
  int gpu_, shared_bytes_ = 0;
  ThreadOwned<BlockPool<Memory>> memory_;
  gpu::Queue queue_;
  unsigned* arrived_ = nullptr;
  std::unique_ptr<EigenGpu> eigen_;
};

template <>
struct DeviceRuntime<Cuda> {
  /// Throws Error (device) if there is no GPU; its allocate, if there is not enough memory on it.
  static auto& memory() { return GpuThread::current().memory(); }

  static void upload(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes, cudaMemcpyHostToDevice); }
  static void download(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes, cudaMemcpyDeviceToHost); }

  static const Eigen::GpuDevice& eigen() { return GpuThread::current().eigen(); }
  static void check(const char* what) { check_launch(what); }

  static int shared_bytes() { return GpuThread::current().shared_bytes(); }
  static unsigned* arrived() { return GpuThread::current().arrived(); }
  template <class Arguments>
  static void launch(const Arguments& arguments) {
    GpuThread& thread = GpuThread::current();
    gpu::launch(arguments, thread.memory().returned(), thread.queue());
  }

 private:
  static void copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    if (bytes == 0) return;
    check_cuda(cudaMemcpyAsync(to, from, bytes, kind, GpuThread::current().stream()), "cudaMemcpyAsync");
    wait_for_gpu();
  }
};

}  // namespace tinynet::detail
