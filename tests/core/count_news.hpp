// Counts what `new` gives out in this program, aligned or not, on all threads, and lets it fail when asked to. Included
// by one file of a program only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace test {
inline std::atomic<std::size_t> news{0};       // how often something was given out
inline std::atomic<std::size_t> new_bytes{0};  // how much
inline std::atomic<std::ptrdiff_t> live{0};    // how many have not come back
inline std::atomic<std::ptrdiff_t> good{-1};   // so many more are given out, and then none; -1: all

inline void* count(void* memory, std::size_t bytes) {
  if (good == 0) {
    std::free(memory);
    memory = nullptr;
  }
  if (memory == nullptr) throw std::bad_alloc();
  if (good > 0) --good;
  ++news;
  ++live;
  new_bytes += bytes;
  return memory;
}
inline void give_back(void* memory) noexcept {
  if (memory != nullptr) --live;
  std::free(memory);
}
}  // namespace test

// Inlined, g++ takes malloc and free for a mismatched pair.
#ifdef __GNUC__
#define TEST_NOINLINE __attribute__((noinline))
#else
#define TEST_NOINLINE
#endif

TEST_NOINLINE void* operator new(std::size_t n) { return test::count(std::malloc(n == 0 ? 1 : n), n); }
TEST_NOINLINE void* operator new(std::size_t n, std::align_val_t a) {
  const auto alignment = static_cast<std::size_t>(a);
  return test::count(std::aligned_alloc(alignment, (n + alignment - 1) / alignment * alignment), n);
}
TEST_NOINLINE void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  try {
    return operator new(n);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
TEST_NOINLINE void operator delete(void* p) noexcept { test::give_back(p); }
TEST_NOINLINE void operator delete(void* p, std::size_t) noexcept { test::give_back(p); }
TEST_NOINLINE void operator delete(void* p, std::align_val_t) noexcept { test::give_back(p); }
TEST_NOINLINE void operator delete(void* p, std::size_t, std::align_val_t) noexcept { test::give_back(p); }
