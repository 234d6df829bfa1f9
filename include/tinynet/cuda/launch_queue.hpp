// Launches of kernels that are put off until some have come together. A training loop launches the same kernels step
// after step: as soon as that is seen, many steps go to the GPU as one graph, which costs less than one by one. Kernels
// that do not disturb each other, as those of nets that are trained together, become one launch, whose blocks are all
// under way at the same time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <tinynet/core/language.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynet::detail {

/// A launch has so many arguments at most.
inline constexpr std::size_t most_together = 16;

/// What a kernel takes: an argument for each row of blocks, of which a launch has some.
template <class Argument>
struct Together {
  static_assert(std::is_trivially_copyable_v<Argument>);
  /// A kernel's parameters can have 4 KB.
  static constexpr std::size_t most = std::clamp<std::size_t>(4096 / sizeof(Argument), 1, most_together);
  Argument each[most];
};

/// A kernel that takes Together<Argument>, and how it is launched: with so many blocks for each argument.
struct Kernel {
  const void* function = nullptr;
  const char* name = "";
  unsigned blocks = 0, threads = 0;
  int shared_bytes = 0;

  bool operator==(const Kernel& other) const {
    return function == other.function && blocks == other.blocks && threads == other.threads &&
           shared_bytes == other.shared_bytes;
  }
};

/// What a kernel touches with one argument: some of the blocks of memory that it writes to, such that two that have
/// none in common (null counts for nothing) disturb each other in no other either, as long as no block has been given
/// back and may have been used again since the first was asked for. `returned`: how many had been, see BlockPool.
struct Footprint {
  std::array<const void*, 2> written{};
  std::size_t returned = 0;

  bool is_apart_from(const Footprint& other) const {
    const auto shared = [&](const void* block) {
      return block != nullptr && std::find(other.written.begin(), other.written.end(), block) != other.written.end();
    };
    return returned == other.returned && std::none_of(written.begin(), written.end(), shared);
  }
};

/// A launch, with copies of the arguments.
struct KernelLaunch {
  Kernel kernel;
  std::size_t count = 0, argument_bytes = 0;
  std::vector<std::byte> arguments;  ///< the kernel's Together; of its arguments the first `count` are there

  /// Those.
  std::span<const std::byte> used() const { return {arguments.data(), count * argument_bytes}; }
};

/// The launches that wait. A Launcher says how they are made:
///   static void launch(const KernelLaunch&);
///   class Graph, a fixed sequence of launches: explicit Graph(std::span<const KernelLaunch>), void set(std::size_t i,
///   const KernelLaunch&), which gives the i-th one other arguments, and void launch().
/// Whoever asks the device for anything else has to flush() before.
template <class Launcher>
class LaunchQueue {
 public:
  /// So many launches are put off at most: an even number, since a fused step has two.
  static constexpr std::size_t length = 32;

  /// Has a kernel run with one more argument. Throws what launching does, then or when the queue is flushed.
  template <class Argument>
  void add(const Kernel& kernel, const Argument& argument, const Footprint& footprint) {
    if (!can_join(kernel, Together<Argument>::most, footprint)) {
      if (count_ == length) flush();
      KernelLaunch& next = waiting_[count_];
      next.arguments.resize(sizeof(Together<Argument>));
      next.kernel = kernel;
      next.count = 0;
      next.argument_bytes = sizeof(Argument);
      ++count_;
    }
    KernelLaunch& last = waiting_[count_ - 1];
    std::memcpy(last.arguments.data() + last.count * sizeof(Argument), &argument, sizeof(Argument));
    footprints_[last.count++] = footprint;
  }

  /// How many launches wait.
  std::size_t size() const { return count_; }

  /// Makes all that wait, in their order. If that throws, those that are left are forgotten.
  void flush() {
    const std::span launches(waiting_.data(), std::exchange(count_, 0));
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    if (launches.size() < length || !replay(launches))
      for (const KernelLaunch& launch : launches) Launcher::launch(launch);
  }

  /// The same where nothing may be thrown: the next flush() will.
  void flush_quietly() noexcept {
    try {
      flush();
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

 private:
  // A full queue that has come before, and the graph of it once it has come twice.
  struct Replay {
    std::vector<KernelLaunch> launches;
    std::unique_ptr<typename Launcher::Graph> graph;
  };
  // More than a loop has of kinds of steps.
  static constexpr std::size_t most_replays = 2 * length;

  // Whether the last launch can have this argument, too.
  bool can_join(const Kernel& kernel, std::size_t most, const Footprint& footprint) const {
    if (count_ == 0 || waiting_[count_ - 1].count == most || !(kernel == waiting_[count_ - 1].kernel)) return false;
    return std::ranges::all_of(std::span(footprints_).first(waiting_[count_ - 1].count),
                               [&](const Footprint& other) { return footprint.is_apart_from(other); });
  }

  // Whether the launches have been made as a graph.
  bool replay(std::span<KernelLaunch> launches) {
    const auto same_kernels = [&](const Replay& known) {
      return std::equal(
          launches.begin(), launches.end(), known.launches.begin(),
          [](const KernelLaunch& a, const KernelLaunch& b) { return a.kernel == b.kernel && a.count == b.count; });
    };
    const auto known = std::find_if(replays_.begin(), replays_.end(), same_kernels);
    if (known == replays_.end()) {
      if (replays_.size() == most_replays) replays_.pop_back();
      replays_.insert(replays_.begin(), Replay{{launches.begin(), launches.end()}, nullptr});
      return false;
    }
    if (!known->graph && !make_graph(*known, launches)) return false;
    std::rotate(replays_.begin(), known, known + 1);  // the last used stays longest
    update(replays_.front(), launches);
    replays_.front().graph->launch();
    return true;
  }

  // Of these launches. Where there is no memory for it, say, they are made one by one, and it is tried again next time.
  static bool make_graph(Replay& known, std::span<KernelLaunch> launches) {
    try {
      known.graph = std::make_unique<typename Launcher::Graph>(launches);
    } catch (...) {  // if it lasts, a launch will say so
      return false;
    }
    for (std::size_t i = 0; i < launches.size(); ++i) known.launches[i].arguments = launches[i].arguments;
    return true;
  }

  static void update(Replay& known, std::span<KernelLaunch> launches) {
    for (std::size_t i = 0; i < launches.size(); ++i)
      if (!std::ranges::equal(launches[i].used(), known.launches[i].used())) {
        known.graph->set(i, launches[i]);
        std::swap(launches[i].arguments, known.launches[i].arguments);
      }
  }

  std::array<KernelLaunch, length> waiting_;
  std::size_t count_ = 0;
  std::array<Footprint, most_together> footprints_;  // of the last launch's arguments
  std::vector<Replay> replays_;
  std::exception_ptr failure_;  // of flush_quietly()
};

}  // namespace tinynet::detail
