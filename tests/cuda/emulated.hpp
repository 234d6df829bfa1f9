// A device that is none: memory of the program, and Eigen's thread pool in place of a GPU. Everything that a device
// computes by expressions of Eigen's tensors can be tested on it.
#pragma once

#include <cstring>
#include <new>
#include <tinynet/cuda/verbs.hpp>

// Eigen's thread pool is wanted by its tensors only if this is said before they are included.
#ifndef EIGEN_USE_THREADS
#error "define EIGEN_USE_THREADS"
#endif

namespace test {

struct Emulated {};
inline constexpr Emulated emulated{};
/// Blocks of memory that have not been given back.
inline int emulated_blocks = 0;

}  // namespace test

template <>
struct tinynet::detail::DeviceRuntime<test::Emulated> {
  static void* allocate(std::size_t bytes) {
    ++test::emulated_blocks;
    return ::operator new (bytes, std::align_val_t{64});
  }
  static void deallocate(void* memory) noexcept {
    --test::emulated_blocks;
    ::operator delete (memory, std::align_val_t{64});
  }
  static void upload(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  static void download(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  static void check(const char*) {}
  static const Eigen::ThreadPoolDevice& eigen() {
    static Eigen::ThreadPool pool(2);
    static const Eigen::ThreadPoolDevice device(&pool, 2);
    return device;
  }
};
