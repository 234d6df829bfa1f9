#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <thread>
#include <tinynet/core/pool.hpp>
#include <vector>

#include "count_news.hpp"

using tinynet::Index;
using tinynet::detail::Buffer;
using tinynet::detail::MemoryPool;
using tinynet::detail::thread_memory_pool;

TEST_CASE("blocks are aligned, apart, and as large as asked for") {
  const auto pool = std::make_unique<MemoryPool>();
  std::vector<std::pair<char*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes < 3000; bytes += 7) {
    auto* const block = static_cast<char*>(pool->allocate(bytes));
    CHECK(reinterpret_cast<std::uintptr_t>(block) % tinynet::detail::Heap::alignment == 0);
    std::memset(block, static_cast<int>(bytes % 251), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) {
    bool intact = true;
    for (std::size_t i = 0; i < bytes; ++i) intact &= static_cast<unsigned char>(block[i]) == bytes % 251;
    CHECK(intact);
    pool->deallocate(block, bytes);
  }
}

TEST_CASE("a block that was given back is given out again, for a size of its class") {
  const auto pool = std::make_unique<MemoryPool>();
  void* const first = pool->allocate(1000);
  void* const second = pool->allocate(1000);
  CHECK(first != second);
  pool->deallocate(first, 1000);
  CHECK(pool->allocate(1000) == first);
  pool->deallocate(first, 1000);
  CHECK(pool->allocate(1024) == first);  // 1000 was rounded up to it
  void* const larger = pool->allocate(1025);
  CHECK(larger != second);
  pool->deallocate(larger, 1025);
  pool->deallocate(second, 1000);
  pool->deallocate(first, 1024);
}

TEST_CASE("at most a quarter of a block is wasted") {
  for (std::size_t bytes = 65; bytes < 100'000; bytes += bytes / 9) {
    CAPTURE(bytes);
    const auto pool = std::make_unique<MemoryPool>();
    const std::size_t before = test::new_bytes;
    void* const block = pool->allocate(bytes);
    const std::size_t taken = test::new_bytes - before;
    CHECK(taken >= bytes);
    CHECK(static_cast<double>(taken) <= 1.25 * static_cast<double>(bytes) + 16);
    pool->deallocate(block, bytes);
  }
}

TEST_CASE("a buffer gives its memory back") {
  const double* address = nullptr;
  {
    Buffer<double> buffer(100);
    address = buffer.data();
    buffer[99] = 1;
  }
  Buffer<double> again(100);
  CHECK(again.data() == address);
  Buffer<double> moved(std::move(again));
  CHECK(moved.data() == address);
  CHECK(again.data() == nullptr);  // NOLINT(bugprone-use-after-move): what moving leaves is what is tested
}

TEST_CASE("each thread has its own pool") {
  MemoryPool* other = nullptr;
  std::thread([&] { other = &thread_memory_pool(); }).join();
  CHECK(other != nullptr);
  CHECK(other != &thread_memory_pool());
}

TEST_CASE("a pool stays until the last of its blocks is back, and goes then") {
  const std::ptrdiff_t before = test::live;
  std::unique_ptr<Buffer<double>> outlives;
  std::thread([&] {
    { Buffer<double> gone(10); }
    outlives = std::make_unique<Buffer<double>>(1000);
  }).join();
  (*outlives)[999] = 2;
  CHECK((*outlives)[999] == 2);
  CHECK(test::live > before);
  outlives.reset();
  CHECK(test::live == before);
}
