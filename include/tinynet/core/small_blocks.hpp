// Memory for things of a few cache lines, of which a program makes and drops thousands.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tinynet/core/pool.hpp>
#include <vector>

namespace tinynet::detail {

/// Lists of free blocks, one for every multiple of `unit` bytes. They are cut from chunks of the calling thread's pool,
/// which they go back to with this object. Those freed last are given out first, and new ones by rising address: a
/// loop that frees in the opposite order finds its blocks one beside the other, step after step.
class SmallBlocks {
 public:
  /// What block sizes and addresses are multiples of, and the largest block.
  static constexpr std::size_t unit = 16, largest = 1024;

  SmallBlocks() = default;
  SmallBlocks(const SmallBlocks&) = delete;
  SmallBlocks& operator=(const SmallBlocks&) = delete;
  ~SmallBlocks() {
    for (const Chunk& chunk : chunks_) pool_.deallocate(chunk.memory, chunk.bytes);
  }

  /// `bytes` from 1 to `largest`. Throws std::bad_alloc.
  void* allocate(std::size_t bytes) {
    reserve(bytes);
    return take(bytes);
  }

  /// The same in two steps: whether a block is free; seeing to it, which may throw; taking it.
  bool has_block(std::size_t bytes) const { return *(lists_[(bytes - 1) / unit].end - 1) != nullptr; }
  void reserve(std::size_t bytes) {
    if (!has_block(bytes)) [[unlikely]]
      refill(list_of(bytes), rounded(bytes));
  }
  void* take(std::size_t bytes) noexcept { return *--list_of(bytes).end; }

  void deallocate(void* memory, std::size_t bytes) noexcept { *list_of(bytes).end++ = memory; }

 private:
  struct List {
    void* nothing = nullptr;
    void** end = &nothing + 1;  // of the free ones, before the first of which there is a null
    std::vector<void*> room{};  // for all
    std::size_t blocks = 0;     // the free ones and those in use
  };
  struct Chunk {
    void* memory;
    std::size_t bytes;
  };

  static constexpr std::size_t rounded(std::size_t bytes) { return (bytes + unit - 1) / unit * unit; }
  List& list_of(std::size_t bytes) { return lists_[(bytes - 1) / unit]; }

  // Called when no block is free, so the room need not be copied.
  [[gnu::noinline]] void refill(List& list, std::size_t bytes) {
    constexpr std::size_t smallest_chunk = 4096, largest_chunk = std::size_t{1} << 20;
    const std::size_t more = std::clamp(list.blocks * bytes, smallest_chunk, largest_chunk) / bytes;
    if (list.room.size() < list.blocks + more + 1) {
      std::vector<void*> room(2 * (list.blocks + more) + 1);
      list.room.swap(room);
      list.end = list.room.data() + 1;
    }
    if (chunks_.size() == chunks_.capacity()) chunks_.reserve(2 * chunks_.size() + 1);
    auto* const memory = static_cast<std::byte*>(pool_.allocate(more * bytes));
    chunks_.push_back({memory, more * bytes});
    list.blocks += more;
    for (std::size_t i = more; i > 0; --i) *list.end++ = memory + (i - 1) * bytes;
  }

  MemoryPool& pool_ = thread_memory_pool();
  std::array<List, largest / unit> lists_{};
  std::vector<Chunk> chunks_;
};

}  // namespace tinynet::detail
