#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <tinynet/core/small_blocks.hpp>
#include <vector>

#include "count_news.hpp"

using tinynet::detail::SmallBlocks;

TEST_CASE("blocks of all sizes are apart, aligned, and keep what is written") {
  SmallBlocks blocks;
  struct Block {
    unsigned char* memory;
    std::size_t bytes;
  };
  std::vector<Block> all;
  for (int repeat = 0; repeat < 50; ++repeat)
    for (std::size_t bytes = 1; bytes <= SmallBlocks::largest; bytes += 37) {
      auto* const memory = static_cast<unsigned char*>(blocks.allocate(bytes));
      CHECK(reinterpret_cast<std::uintptr_t>(memory) % SmallBlocks::unit == 0);
      std::memset(memory, static_cast<int>(all.size() % 251), bytes);
      all.push_back({memory, bytes});
    }
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const std::size_t at : {std::size_t{0}, all[i].bytes / 2, all[i].bytes - 1})
      CHECK(all[i].memory[at] == i % 251);
  for (const Block& block : all) blocks.deallocate(block.memory, block.bytes);
}

TEST_CASE("what was freed last is given out first, and nothing is asked for that is there") {
  SmallBlocks blocks;
  std::vector<void*> first(3000), second(3000);
  for (void*& block : first) block = blocks.allocate(144);
  CHECK(std::set<void*>(first.begin(), first.end()).size() == first.size());
  for (std::size_t i = first.size(); i > 0; --i) blocks.deallocate(first[i - 1], 144);
  const std::size_t before = test::news;
  for (void*& block : second) block = blocks.allocate(144);
  CHECK(test::news == before);
  CHECK(second == first);
  for (void* const block : second) blocks.deallocate(block, 144);
}

TEST_CASE("memory is seen to before it is taken") {
  SmallBlocks blocks;
  CHECK_FALSE(blocks.has_block(100));
  blocks.reserve(100);
  CHECK(blocks.has_block(100));
  const std::size_t before = test::news;
  void* const block = blocks.take(100);
  CHECK(test::news == before);
  blocks.deallocate(block, 112);  // the same size, rounded up
  CHECK(blocks.take(101) == block);
  blocks.deallocate(block, 100);
}

TEST_CASE("chunks go back to the thread's pool, also when the thread has ended") {
  void* first = nullptr;
  {
    SmallBlocks blocks;
    first = blocks.allocate(64);
    blocks.deallocate(first, 64);
  }
  const std::size_t before = test::news;
  SmallBlocks again;
  void* const block = again.allocate(64);
  CHECK(block == first);
  CHECK(test::news.load() - before <= 2);  // the list of free blocks, and that of chunks
  again.deallocate(block, 64);

  std::unique_ptr<SmallBlocks> outlives;
  std::thread([&] {
    outlives = std::make_unique<SmallBlocks>();
    outlives->deallocate(outlives->allocate(500), 500);
  }).join();
  outlives.reset();
}
