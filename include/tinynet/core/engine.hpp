// Which way a training step takes, where there are two.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <tinynet/core/error.hpp>
#include <utility>

namespace tinynet {

/// `automatic`: the fused step wherever a net and a loss allow it, the tape's general operations elsewhere.
/// `fused`: the fused step, and an Error (usage) from a loss that is to be trained on and has none.
/// `tape`: the general operations always. Both ways give the same gradients but for rounding.
enum class Engine { automatic, fused, tape };

namespace detail {

inline std::atomic<Engine> chosen_engine{Engine::automatic};
inline thread_local std::optional<Engine> engine_of_thread;

}  // namespace detail

/// Chooses the engine for all threads.
inline void set_engine(Engine engine) { detail::chosen_engine.store(engine, std::memory_order_relaxed); }
/// The engine chosen.
inline Engine engine() {
  return detail::engine_of_thread.value_or(detail::chosen_engine.load(std::memory_order_relaxed));
}

/// While one of these lives, its thread has this engine, whatever set_engine says.
class WithEngine {
 public:
  /// From now on.
  explicit WithEngine(Engine engine) : before_(std::exchange(detail::engine_of_thread, engine)) {}
  WithEngine(const WithEngine&) = delete;
  WithEngine& operator=(const WithEngine&) = delete;
  ~WithEngine() { detail::engine_of_thread = before_; }

 private:
  std::optional<Engine> before_;
};

namespace detail {

/// For a loss that is about to be recorded by the general operations.
inline void require_general_way(const char* loss) {
  if (engine() == Engine::fused)
    throw Error(ErrorCode::usage, std::string(loss) +
                                      ": the fused engine was asked for, but this net, its input or an "
                                      "output already looked at does not allow it");
}

}  // namespace detail

}  // namespace tinynet
