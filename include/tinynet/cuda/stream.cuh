// A queue of work for the GPU.
#pragma once

#include <memory>
#include <tinynet/cuda/error.cuh>
#include <type_traits>

namespace tinynet::detail {

/// Owns a stream of the current GPU: what is put into it runs in that order, while the host goes on.
class Stream {
 public:
  /// The one that CUDA itself has for the calling thread.
  static const Stream& of_thread() {
    static const Stream stream(cudaStreamPerThread);  // the same name in every thread
    return stream;
  }

  /// Throws Error (device) if there is no GPU.
  Stream() {
    cudaStream_t stream = nullptr;
    // One that does not wait for the stream that others use by default.
    check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    stream_.reset(stream);
  }

  cudaStream_t get() const { return stream_.get(); }

  /// Waits until all is done. Throws Error (device) if something has failed.
  void wait() const { check_cuda(cudaStreamSynchronize(get()), "cudaStreamSynchronize"); }

 private:
  explicit Stream(cudaStream_t stream) : stream_(stream) {}

  struct Destroy {
    void operator()(cudaStream_t stream) const {
      if (stream != cudaStreamPerThread) cudaStreamDestroy(stream);
    }
  };
  std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy> stream_;
};

}  // namespace tinynet::detail
