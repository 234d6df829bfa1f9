// Launches of kernels that are put off until some have come together. A training loop launches the same kernels step
// after step: as soon as that is seen, many steps go to the GPU as one graph, which costs less than one by one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace tinynet::detail {

/// A kernel with one argument, and how it is launched.
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

/// A kernel with a copy of its argument.
struct KernelLaunch {
  Kernel kernel;
  std::vector<std::byte> argument;
};

/// The launches that wait. A Launcher says how they are made:
///   static void launch(const KernelLaunch&);
///   class Graph, a fixed sequence of kernels: explicit Graph(std::span<const KernelLaunch>), void set(std::size_t i,
///   const KernelLaunch&), which gives the i-th kernel another argument, and void launch().
/// Whoever asks the device for anything else has to flush() before.
template <class Launcher>
class LaunchQueue {
 public:
  /// So many are put off at most: an even number, since a fused step has two.
  static constexpr std::size_t length = 32;

  /// Throws what launching does, then or when the queue is flushed.
  template <class Argument>
  void add(const Kernel& kernel, const Argument& argument) {
    const auto bytes = std::as_bytes(std::span(&argument, 1));
    waiting_[count_].kernel = kernel;
    waiting_[count_].argument.assign(bytes.begin(), bytes.end());
    if (++count_ == length) flush();
  }

  /// Launches all that wait, in their order. If that throws, those that are left are forgotten.
  void flush() {
    if (count_ == 0) return;
    const std::span launches(waiting_.data(), std::exchange(count_, 0));
    if (launches.size() < length || !replay(launches))
      for (const KernelLaunch& launch : launches) Launcher::launch(launch);
  }

 private:
  // A full queue that has come before, and the graph of it once it has come twice.
  struct Replay {
    std::vector<KernelLaunch> launches;
    std::optional<typename Launcher::Graph> graph;
  };
  static constexpr std::size_t most_replays = 4;

  // Whether the launches have been made as a graph.
  bool replay(std::span<KernelLaunch> launches) {
    const auto same_kernels = [&](const Replay& known) {
      return std::equal(launches.begin(), launches.end(), known.launches.begin(),
                        [](const KernelLaunch& a, const KernelLaunch& b) { return a.kernel == b.kernel; });
    };
    const auto known = std::find_if(replays_.begin(), replays_.end(), same_kernels);
    if (known == replays_.end()) {
      if (replays_.size() == most_replays) replays_.pop_back();
      replays_.insert(replays_.begin(), Replay{{launches.begin(), launches.end()}, std::nullopt});
      return false;
    }
    std::rotate(replays_.begin(), known, known + 1);  // the last used stays longest
    update(replays_.front(), launches);
    replays_.front().graph->launch();
    return true;
  }

  static void update(Replay& known, std::span<KernelLaunch> launches) {
    if (!known.graph) known.graph.emplace(launches);
    for (std::size_t i = 0; i < launches.size(); ++i)
      if (launches[i].argument != known.launches[i].argument) {
        known.graph->set(i, launches[i]);
        std::swap(launches[i].argument, known.launches[i].argument);
      }
  }

  std::array<KernelLaunch, length> waiting_;
  std::size_t count_ = 0;
  std::vector<Replay> replays_;
};

}  // namespace tinynet::detail
