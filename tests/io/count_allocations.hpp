// Counts the bytes that `new` gives out in this program, and how many there are at a time. Included by one file of a
// program only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace test {
inline std::atomic<std::size_t> allocated_bytes{0};
inline std::atomic<std::size_t> live_bytes{0}, most_live_bytes{0};  // now, and at most so far

// The size is written before the memory that is given out.
inline constexpr std::size_t room_for_size = alignof(std::max_align_t);

inline void* count(std::size_t n) noexcept {
  auto* const memory = static_cast<unsigned char*>(std::malloc(room_for_size + n));
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, &n, sizeof n);
  allocated_bytes += n;
  const std::size_t now = live_bytes += n;
  for (std::size_t most = most_live_bytes; now > most && !most_live_bytes.compare_exchange_weak(most, now);) continue;
  return memory + room_for_size;
}
inline void give_back(void* given) noexcept {
  if (given == nullptr) return;
  auto* const memory = static_cast<unsigned char*>(given) - room_for_size;
  std::size_t n = 0;
  std::memcpy(&n, memory, sizeof n);
  live_bytes -= n;
  std::free(memory);
}
}  // namespace test

// Inlined, g++ takes malloc and free for a mismatched pair.
#ifdef __GNUC__
#define TEST_NOINLINE __attribute__((noinline))
#else
#define TEST_NOINLINE
#endif

TEST_NOINLINE void* operator new(std::size_t n) {
  if (void* const p = test::count(n)) return p;
  throw std::bad_alloc();
}
TEST_NOINLINE void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return test::count(n); }
TEST_NOINLINE void operator delete(void* p) noexcept { test::give_back(p); }
TEST_NOINLINE void operator delete(void* p, std::size_t) noexcept { test::give_back(p); }
