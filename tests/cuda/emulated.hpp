// A device that is none: memory of the program, Eigen's thread pool in place of a GPU for expressions of tensors, and
// the host's own player for kernels. All that a device computes can be tested on it.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <tinynet/cuda/fused_loss.hpp>
#include <tinynet/cuda/launch_queue.hpp>
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

/// How many kernels ran in launches of their own or together, and as parts of graphs, some of these beside others.
inline int emulated_launches = 0, emulated_launches_in_graphs = 0, emulated_launches_beside = 0;

/// Runs a kernel, of which the function is a host's: those that run together in another order than they came in.
inline void play(const tinynet::detail::KernelLaunch& launch) {
  const auto kernel = reinterpret_cast<void (*)(const void*)>(const_cast<void*>(launch.kernel.function));
  for (std::size_t i = launch.count; i-- > 0;) kernel(launch.arguments.data() + i * launch.argument_bytes);
}
struct EmulatedLauncher {
  class Graph {
   public:
    explicit Graph(std::span<const tinynet::detail::KernelLaunch> launches)
        : launches_(launches.begin(), launches.end()) {}
    void set(std::size_t i, const tinynet::detail::KernelLaunch& launch) { launches_[i].arguments = launch.arguments; }
    void launch() {
      for (const auto& launch : launches_) {
        emulated_launches_in_graphs += static_cast<int>(launch.count);
        emulated_launches_beside += static_cast<int>(launch.count) - 1;
        play(launch);
      }
    }

   private:
    std::vector<tinynet::detail::KernelLaunch> launches_;
  };
  static void launch(const tinynet::detail::KernelLaunch& launch) {
    emulated_launches += static_cast<int>(launch.count);
    play(launch);
  }
};

/// Blocks of exactly the size that was asked for, kept until the end: launches that wait may need them still.
class EmulatedMemory {
 public:
  EmulatedMemory() = default;
  EmulatedMemory(const EmulatedMemory&) = delete;
  EmulatedMemory& operator=(const EmulatedMemory&) = delete;
  ~EmulatedMemory() {
    for (const auto& [bytes, blocks] : free_)
      for (void* const block : blocks) ::operator delete(block, alignment);
  }

  void* allocate(std::size_t bytes) {
    ++emulated_blocks;
    auto& blocks = free_[bytes];
    if (blocks.empty()) return ::operator new(bytes, alignment);
    void* const block = blocks.back();
    blocks.pop_back();
    return block;
  }
  void deallocate(void* memory, std::size_t bytes) noexcept {
    --emulated_blocks;
    ++returned_;
    free_[bytes].push_back(memory);
  }
  std::size_t returned() const { return returned_; }

 private:
  static constexpr std::align_val_t alignment{64};
  std::map<std::size_t, std::vector<void*>> free_;
  std::size_t returned_ = 0;
};

template <class Plan, class Loss>
void play_kernel(const gpu::StepArguments<Plan, Loss>& arguments) {
  play_step<gpu::PlainArithmetic<typename Plan::Scalar>>(arguments);
}
template <class Rule, int States, class Scalar>
void play_kernel(const gpu::UpdateArguments<Rule, States, Scalar>& arguments) {
  play_update(arguments);
}

}  // namespace test

template <>
struct tinynet::detail::DeviceRuntime<test::Emulated> {
  static auto& memory() {
    static test::EmulatedMemory memory;
    return memory;
  }
  static void upload(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes); }
  static void download(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes); }
  static void check(const char*) {}

  static int shared_bytes() { return test::emulated_shared_bytes; }
  static unsigned* arrived() {
    static unsigned number = 0;  // one block runs after another
    return &number;
  }
  template <class Plan, class Loss>
  static void launch(const gpu::StepArguments<Plan, Loss>& arguments) {
    ++test::emulated_steps;
    add("step", arguments);
  }
  template <class Rule, int States, class Scalar>
  static void launch(const gpu::UpdateArguments<Rule, States, Scalar>& arguments) {
    ++(std::is_same_v<Rule, gpu::KeepParameters> ? test::emulated_sums : test::emulated_sums_with_step);
    add("update", arguments);
  }
  static const Eigen::ThreadPoolDevice& eigen() {
    static Eigen::ThreadPool pool(2);
    static const Eigen::ThreadPoolDevice device(&pool, 2);
    queue().flush();
    return device;
  }

 private:
  static void copy(void* to, const void* from, std::size_t bytes) {
    queue().flush();
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  static LaunchQueue<test::EmulatedLauncher>& queue() {
    static LaunchQueue<test::EmulatedLauncher> queue;
    return queue;
  }
  template <class Arguments>
  static void add(const char* name, const Arguments& arguments) {
    const auto function = [](const void* argument) { test::play_kernel(*static_cast<const Arguments*>(argument)); };
    queue().add({reinterpret_cast<const void*>(+function), name, 1, 1, 0}, arguments,
                arguments.footprint(memory().returned()));
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
