// Ctrl-C and other requests to stop: training ends after the step it is in, and what was asked for is saved.
#pragma once

#include <csignal>
#include <string>

namespace mnist {

namespace detail {

inline volatile std::sig_atomic_t stop_signal = 0;

// The next one of the same kind stops the program at once.
inline void remember_signal(int signal) {
  stop_signal = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace detail

/// While it lives, the first SIGINT, SIGTERM or SIGHUP is remembered instead of ending the program. A signal that was
/// ignored stays ignored (nohup).
class StopRequest {
 public:
  StopRequest() {
    for (const int signal : signals)
      if (std::signal(signal, detail::remember_signal) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;
  ~StopRequest() {
    for (const int signal : signals)
      if (std::signal(signal, SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
  }

  static bool made() { return detail::stop_signal != 0; }
  /// As if a SIGTERM had come, for one that another process got.
  static void make() { detail::stop_signal = SIGTERM; }

  /// As a shell reports it: 130 or 143.
  static int exit_code() { return detail::stop_signal == SIGINT ? 130 : 143; }
  static std::string name() {
#ifdef SIGHUP
    if (detail::stop_signal == SIGHUP) return "SIGHUP";
#endif
    return detail::stop_signal == SIGINT ? "SIGINT" : "SIGTERM";
  }

 private:
#ifdef _WIN32
  static constexpr int signals[] = {SIGINT, SIGTERM};
#else
  static constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
#endif
};

}  // namespace mnist
