// A device that is none: memory of the program, Eigen's thread pool in place of a GPU for expressions of tensors, and
// the host's own player for kernels. All that a device computes can be tested on it.
#pragma once

#include <cstring>
#include <new>
#include <tinynet/cuda/fused_loss.hpp>
#include <tinynet/cuda/verbs.hpp>
#include <vector>

#include "host_step.hpp"

// Eigen's thread pool is wanted by its tensors only if this is said before they are included.
#ifndef EIGEN_USE_THREADS
#error "define EIGEN_USE_THREADS"
#endif

namespace test {

struct Emulated {};
inline constexpr Emulated emulated{};
/// Blocks of memory that have not been given back.
inline int emulated_blocks = 0;
/// Steps that took the fused way, sums of their gradients with and without a step of an optimizer, and how much memory
/// a block of threads has.
inline int emulated_steps = 0, emulated_sums = 0, emulated_sums_with_step = 0, emulated_shared_bytes = 99 << 10;

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
  static void upload(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes); }
  static void download(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes); }
  static void check(const char*) {}

  static int shared_bytes() { return test::emulated_shared_bytes; }
  template <class Plan, class Loss>
  static void launch(const gpu::StepArguments<Plan, Loss>& arguments) {
    ++test::emulated_steps;
    test::play_step<gpu::PlainArithmetic<typename Plan::Scalar>>(arguments);
  }
  template <class Rule, int States, class Scalar>
  static void launch(const gpu::UpdateArguments<Rule, States, Scalar>& arguments) {
    ++(std::is_same_v<Rule, gpu::KeepParameters> ? test::emulated_sums : test::emulated_sums_with_step);
    test::play_update(arguments);
  }
  static const Eigen::ThreadPoolDevice& eigen() {
    static Eigen::ThreadPool pool(2);
    static const Eigen::ThreadPoolDevice device(&pool, 2);
    return device;
  }

 private:
  static void copy(void* to, const void* from, std::size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
};

namespace test {

/// Numbers of the program, there.
template <class Number>
auto uploaded(const std::vector<Number>& numbers) {
  const auto size = static_cast<tinynet::Index>(numbers.size());
  tinynet::detail::Buffer<tinynet::detail::On<Number, Emulated>> there(size);
  tinynet::detail::copy_across(numbers.data(), size, there.data());
  return there;
}

}  // namespace test
