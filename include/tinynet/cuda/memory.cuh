// Owners of memory on the GPU, and of memory on the host that the GPU copies from and to without waiting.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <tinynet/cuda/stream.cuh>
#include <type_traits>

namespace tinynet::detail {

struct FreeDevice {
  void operator()(void* memory) const { cudaFree(memory); }
};
struct FreePinned {
  void operator()(void* memory) const { cudaFreeHost(memory); }
};

/// `size` numbers somewhere, not initialised, freed when the owner goes; it can be moved, not copied. What can go wrong
/// when memory is freed is the fault of what ran before, and is said where somebody waits for that.
template <class T, class Free>
class CudaArray {
  static_assert(std::is_trivially_copyable_v<T>, "tinynet: memory of the GPU holds plain data");

 public:
  CudaArray() = default;
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }

 protected:
  CudaArray(void* memory, std::size_t size) : memory_(static_cast<T*>(memory)), size_(size) {}

 private:
  std::unique_ptr<T, Free> memory_;
  std::size_t size_ = 0;
};

/// Numbers in the memory of the current GPU. Throws Error (device) if there is not enough.
template <class T>
class DeviceArray : public CudaArray<T, FreeDevice> {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t size) : CudaArray<T, FreeDevice>(allocate(size), size) {}

  /// Copies from or to the host, in the order of the stream's work; the host's memory must stay until that is done.
  /// The sizes must be equal.
  void copy_from(std::span<const T> host, const Stream& stream) {
    check_cuda(cudaMemcpyAsync(this->data(), host.data(), host.size_bytes(), cudaMemcpyHostToDevice, stream.get()),
               "cudaMemcpyAsync to the GPU");
  }
  void copy_to(std::span<T> host, const Stream& stream) const {
    check_cuda(cudaMemcpyAsync(host.data(), this->data(), host.size_bytes(), cudaMemcpyDeviceToHost, stream.get()),
               "cudaMemcpyAsync from the GPU");
  }
  /// Sets all bytes to 0, likewise.
  void clear(const Stream& stream) {
    check_cuda(cudaMemsetAsync(this->data(), 0, this->bytes(), stream.get()), "cudaMemsetAsync");
  }

 private:
  static void* allocate(std::size_t size) {
    void* memory = nullptr;
    if (size > 0) check_cuda(cudaMalloc(&memory, size * sizeof(T)), "cudaMalloc");
    return memory;
  }
};

/// Numbers in memory of the host that is never paged out.
template <class T>
class PinnedArray : public CudaArray<T, FreePinned> {
 public:
  PinnedArray() = default;
  explicit PinnedArray(std::size_t size) : CudaArray<T, FreePinned>(allocate(size), size) {}

  std::span<T> span() { return {this->data(), this->size()}; }
  std::span<const T> span() const { return {this->data(), this->size()}; }

 private:
  static void* allocate(std::size_t size) {
    void* memory = nullptr;
    if (size > 0) check_cuda(cudaMallocHost(&memory, size * sizeof(T)), "cudaMallocHost");
    return memory;
  }
};

}  // namespace tinynet::detail
