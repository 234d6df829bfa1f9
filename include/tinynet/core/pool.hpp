// Memory that is given out again and again: after its first training step a program asks the heap for nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <new>
#include <tinynet/core/device.hpp>
#include <tinynet/core/eigen.hpp>
#include <utility>

namespace tinynet::detail {

/// Owns a thread's T. At the end of the thread the T decides for itself when to go (`abandon`), since something of
/// it may be alive still, in a variable of static storage duration for instance.
template <class T>
class ThreadOwned {
 public:
  ThreadOwned() : object_(new T) {}
  ThreadOwned(const ThreadOwned&) = delete;
  ThreadOwned& operator=(const ThreadOwned&) = delete;
  ~ThreadOwned() { object_->abandon(); }

  T& operator*() const { return *object_; }

 private:
  T* object_;
};

/// Free lists of aligned blocks by size class (four classes an octave, so at most a quarter is wasted).
/// One a thread: no locks. A block must go back to the pool it came from.
class MemoryPool {
 public:
  static constexpr std::size_t alignment = 64;

  MemoryPool() = default;
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool() {
    for (Block* block : free_)
      while (block != nullptr)
        ::operator delete (static_cast<void*>(std::exchange(block, block->next)), std::align_val_t{alignment});
  }

  void* allocate(std::size_t bytes) {
    const Class c = size_class(bytes);
    Block*& head = free_[c.index];
    void* const memory =
        head != nullptr ? std::exchange(head, head->next) : ::operator new (c.bytes, std::align_val_t{alignment});
    ++in_use_;
    return memory;
  }

  void deallocate(void* memory, std::size_t bytes) noexcept {
    Block*& head = free_[size_class(bytes).index];
    head = ::new (memory) Block{head};
    if (--in_use_ == 0 && abandoned_) delete this;
  }

 private:
  struct Block {
    Block* next;
  };
  struct Class {
    std::size_t index, bytes;
  };

  // Rounds up to (4, 5, 6 or 7) * 2^k bytes, 64 at least.
  static Class size_class(std::size_t bytes) {
    if (bytes <= 64) return {0, 64};
    const auto k = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 3;
    const std::size_t quarters = ((bytes - 1) >> k) + 1;  // 5..8
    return {(k - 4) * 4 + quarters - 4, quarters << k};
  }

  // The thread ends: the pool goes with its last block.
  void abandon() noexcept {
    abandoned_ = true;
    if (in_use_ == 0) delete this;
  }
  friend class ThreadOwned<MemoryPool>;

  std::array<Block*, 4 * 62> free_{};
  std::size_t in_use_ = 0;
  bool abandoned_ = false;
};

/// The calling thread's pool.
inline MemoryPool& thread_memory_pool() {
  thread_local ThreadOwned<MemoryPool> pool;
  return *pool;
}

/// Where the calling thread has memory for numbers: its pool, or the device that the numbers are on.
template <class Scalar>
class NumberMemory {
 public:
  Scalar* allocate(Index count) { return static_cast<Scalar*>(pool_->allocate(bytes(count))); }
  void deallocate(Scalar* numbers, Index count) noexcept { pool_->deallocate(numbers, bytes(count)); }

 private:
  static std::size_t bytes(Index count) { return static_cast<std::size_t>(count) * sizeof(Scalar); }

  MemoryPool* pool_ = &thread_memory_pool();
};
template <class Number, class Device>
class NumberMemory<On<Number, Device>> {
 public:
  On<Number, Device>* allocate(Index count) {
    const auto bytes = static_cast<std::size_t>(count) * sizeof(Number);
    return static_cast<On<Number, Device>*>(DeviceRuntime<Device>::allocate(bytes));
  }
  void deallocate(On<Number, Device>* numbers, Index) noexcept { DeviceRuntime<Device>::deallocate(numbers); }
};

/// An uninitialised array of plain numbers, to be destroyed on the thread that made it or after its end.
template <class Scalar>
class Buffer {
 public:
  explicit Buffer(Index size) : size_(size), data_(memory_.allocate(size)) {}
  Buffer(Buffer&& other) noexcept
      : memory_(other.memory_), size_(other.size_), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data_ != nullptr) memory_.deallocate(data_, size_);
  }

  Scalar* data() const { return data_; }
  Scalar& operator[](Index i) const { return data_[i]; }

 private:
  NumberMemory<Scalar> memory_;
  Index size_;
  Scalar* data_;
};

}  // namespace tinynet::detail
