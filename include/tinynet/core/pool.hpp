// Memory that is given out again and again: after its first training step a program asks the heap for nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <new>
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

/// An uninitialised array of plain numbers from the calling thread's pool, to be destroyed on the same thread or after
/// its end.
template <class Number>
class Buffer {
 public:
  explicit Buffer(Index size)
      : pool_(&thread_memory_pool()),
        bytes_(static_cast<std::size_t>(size) * sizeof(Number)),
        data_(static_cast<Number*>(pool_->allocate(bytes_))) {}
  Buffer(Buffer&& other) noexcept
      : pool_(other.pool_), bytes_(other.bytes_), data_(std::exchange(other.data_, nullptr)) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data_ != nullptr) pool_->deallocate(data_, bytes_);
  }

  Number* data() const { return data_; }
  Number& operator[](Index i) const { return data_[i]; }

 private:
  MemoryPool* pool_;
  std::size_t bytes_;
  Number* data_;
};

}  // namespace tinynet::detail
