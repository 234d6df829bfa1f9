// Memory that is given out again and again: after its first training step a program asks the heap for nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <new>
#include <tinynet/core/device.hpp>
#include <tinynet/core/eigen.hpp>
#include <type_traits>
#include <utility>
#include <vector>

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

  /// The calling thread's. A destructor of static storage duration runs when the main thread's own variables are gone:
  /// it finds the T that is alive still, or else gets one that goes with what it is used for.
  static T& of_thread() {
    if (of_thread_ == nullptr) make();
    return *of_thread_;
  }
  /// Null if there is none yet.
  static T* of_thread_or_null() { return of_thread_; }
  /// A T calls this when it goes.
  static void forget(const T* object) noexcept {
    if (of_thread_ == object) of_thread_ = nullptr;
  }

 private:
  struct UntilThreadEnds {
    ThreadOwned owned;
    UntilThreadEnds() { of_thread_ = owned.object_; }
    ~UntilThreadEnds() { thread_has_ended_ = true; }
  };
  static void make() {
    if (!thread_has_ended_) {
      thread_local const UntilThreadEnds own;
    } else {
      of_thread_ = new T;
      of_thread_->abandoned_ = true;
    }
  }

  // Nothing that has a destructor: these are there to the very end.
  static inline constinit thread_local T* of_thread_ = nullptr;
  static inline constinit thread_local bool thread_has_ended_ = false;
  T* object_;
};

/// The program's own memory, as blocks at multiples of `alignment` bytes.
struct Heap {
  static constexpr std::size_t alignment = 64;
  static void* allocate(std::size_t bytes) { return ::operator new (bytes, std::align_val_t{alignment}); }
  static void deallocate(void* memory) noexcept { ::operator delete (memory, std::align_val_t{alignment}); }
};

/// Lists of free blocks by size class (four classes an octave, so at most a quarter is wasted), which come from a
/// Source. One a thread: no locks. A block must go back to the pool it came from.
template <class Source>
class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool() {
    release();
    ThreadOwned<BlockPool>::forget(this);
  }

  /// Throws what Source::allocate does, if it still does once all free blocks have been given back.
  void* allocate(std::size_t bytes) {
    const Class c = size_class(bytes);
    List& list = lists_[c.index];
    if (list.free.empty()) {
      if (list.free.capacity() <= list.blocks) list.free.reserve(2 * list.blocks + 1);  // or deallocate needs memory
      void* const memory = allocate_anew(c.bytes);
      ++list.blocks;
      ++in_use_;
      return memory;
    }
    void* const memory = list.free.back();
    list.free.pop_back();
    ++in_use_;
    return memory;
  }

  void deallocate(void* memory, std::size_t bytes) noexcept {
    lists_[size_class(bytes).index].free.push_back(memory);
    ++returned_;
    drop();
  }

  /// From hold() to drop() the pool stays as if a block were in use.
  void hold() noexcept { ++in_use_; }
  void drop() noexcept {
    if (--in_use_ == 0 && abandoned_) delete this;
  }

  /// How many blocks have been given back so far: as long as this stays the same, a block is where none was before.
  std::size_t returned() const { return returned_; }

  /// Gives all free blocks back to the source.
  void release() noexcept {
    for (List& list : lists_) {
      for (void* const memory : list.free) Source::deallocate(memory);
      list.blocks -= list.free.size();
      list.free.clear();
    }
  }

 private:
  struct List {
    std::vector<void*> free;
    std::size_t blocks = 0;  // the free ones and those in use
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

  void* allocate_anew(std::size_t bytes) {
    try {
      return Source::allocate(bytes);
    } catch (...) {
      release();
    }
    return Source::allocate(bytes);
  }

  // The thread ends: the pool goes with its last block.
  void abandon() noexcept {
    abandoned_ = true;
    if (in_use_ == 0) delete this;
  }
  friend class ThreadOwned<BlockPool>;

  std::array<List, 4 * 62> lists_{};
  std::size_t in_use_ = 0, returned_ = 0;
  bool abandoned_ = false;
};

using MemoryPool = BlockPool<Heap>;

/// The calling thread's pool.
inline MemoryPool& thread_memory_pool() { return ThreadOwned<MemoryPool>::of_thread(); }

/// Where the calling thread has memory for numbers: its pool, or that of the device that the numbers are on.
template <class Scalar>
class NumberMemory {
 public:
  Scalar* allocate(Index count) { return static_cast<Scalar*>(pool_->allocate(bytes(count))); }
  void deallocate(Scalar* numbers, Index count) noexcept { pool_->deallocate(numbers, bytes(count)); }

 private:
  static std::size_t bytes(Index count) { return static_cast<std::size_t>(count) * sizeof(Scalar); }
  static auto& pool_of_thread() {
    if constexpr (on_cpu<Scalar>)
      return thread_memory_pool();
    else
      return DeviceRuntime<device_of<Scalar>>::memory();
  }

  std::remove_reference_t<decltype(pool_of_thread())>* pool_ = &pool_of_thread();
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
