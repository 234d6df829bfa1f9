// Counts the bytes that `new` gives out in this program. Included by one file of a program only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace test {
inline std::atomic<std::size_t> allocated_bytes{0};
}  // namespace test

// Inlined, g++ takes malloc and free for a mismatched pair.
#ifdef __GNUC__
#define TEST_NOINLINE __attribute__((noinline))
#else
#define TEST_NOINLINE
#endif

TEST_NOINLINE void* operator new(std::size_t n) {
  test::allocated_bytes += n;
  if (void* p = std::malloc(n == 0 ? 1 : n)) return p;
  throw std::bad_alloc();
}
TEST_NOINLINE void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
  test::allocated_bytes += n;
  return std::malloc(n == 0 ? 1 : n);
}
TEST_NOINLINE void operator delete(void* p) noexcept { std::free(p); }
TEST_NOINLINE void operator delete(void* p, std::size_t) noexcept { std::free(p); }
