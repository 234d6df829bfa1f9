// Launches of kernels that are put off until some have come together. A training loop launches the same kernels step
// after step: as soon as that is seen, many steps go to the GPU as one graph, which costs less than one by one. In it,
// kernels that do not disturb each other, as those of nets that are trained together, run at the same time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <memory>
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

/// What a launch touches: some of the blocks of memory that it writes to, such that two launches of a kernel that have
/// none in common (null counts for nothing) disturb each other in no other either, as long as no block has been given
/// back and may have been used again since the first. `returned`: how many had been, see BlockPool.
struct Footprint {
  std::array<const void*, 3> written{};
  std::size_t returned = 0;

  bool is_apart_from(const Footprint& other) const {
    const auto shared = [&](const void* block) {
      return block != nullptr && std::find(other.written.begin(), other.written.end(), block) != other.written.end();
    };
    return returned == other.returned && std::none_of(written.begin(), written.end(), shared);
  }
};

/// A kernel with a copy of its argument.
struct KernelLaunch {
  Kernel kernel;
  std::vector<std::byte> argument;
  bool beside = false;  ///< whether it can run at the same time as the one before, and all that this is beside
};

/// The launches that wait. A Launcher says how they are made:
///   static void launch(const KernelLaunch&);
///   class Graph, a fixed sequence of kernels, some of them beside each other: explicit Graph(std::span<const
///   KernelLaunch>), void set(std::size_t i, const KernelLaunch&), which gives the i-th kernel another argument, and
///   void launch().
/// Whoever asks the device for anything else has to flush() before.
template <class Launcher>
class LaunchQueue {
 public:
  /// So many are put off at most: an even number, since a fused step has two.
  static constexpr std::size_t length = 32;

  /// Throws what launching does, then or when the queue is flushed.
  template <class Argument>
  void add(const Kernel& kernel, const Argument& argument, const Footprint& footprint) {
    const auto bytes = std::as_bytes(std::span(&argument, 1));
    KernelLaunch& launch = waiting_[count_];
    launch.argument.assign(bytes.begin(), bytes.end());
    launch.kernel = kernel;
    launch.beside = can_be_beside(kernel, footprint);
    if (!launch.beside) side_by_side_ = count_;
    footprints_[count_] = footprint;
    if (++count_ == length) flush();
  }

  /// How many wait.
  std::size_t size() const { return count_; }

  /// Launches all that wait, in their order. If that throws, those that are left are forgotten.
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
  // With 3 nets a queue begins at 3 places of their steps, with K nets at no more than K.
  static constexpr std::size_t most_replays = 2 * length;

  bool can_be_beside(const Kernel& kernel, const Footprint& footprint) const {
    if (count_ == 0 || !(kernel == waiting_[count_ - 1].kernel)) return false;
    const auto others = std::span(footprints_).subspan(side_by_side_, count_ - side_by_side_);
    return std::all_of(others.begin(), others.end(),
                       [&](const Footprint& other) { return footprint.is_apart_from(other); });
  }

  // Whether the launches have been made as a graph.
  bool replay(std::span<KernelLaunch> launches) {
    const auto same_kernels = [&](const Replay& known) {
      return std::equal(
          launches.begin(), launches.end(), known.launches.begin(),
          [](const KernelLaunch& a, const KernelLaunch& b) { return a.kernel == b.kernel && a.beside == b.beside; });
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
    for (std::size_t i = 0; i < launches.size(); ++i) known.launches[i].argument = launches[i].argument;
    return true;
  }

  static void update(Replay& known, std::span<KernelLaunch> launches) {
    for (std::size_t i = 0; i < launches.size(); ++i)
      if (launches[i].argument != known.launches[i].argument) {
        known.graph->set(i, launches[i]);
        std::swap(launches[i].argument, known.launches[i].argument);
      }
  }

  std::array<KernelLaunch, length> waiting_;
  std::array<Footprint, length> footprints_;  // of these
  std::size_t count_ = 0, side_by_side_ = 0;  // the last ones from here on are beside each other
  std::vector<Replay> replays_;
  std::exception_ptr failure_;  // of flush_quietly()
};

}  // namespace tinynet::detail
