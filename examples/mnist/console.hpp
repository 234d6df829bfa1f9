// What the program says: results on standard output, everything else on standard error.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <utility>

#include "process.hpp"
#include "words.hpp"

namespace mnist {

/// Nobody reads our standard output any more (as behind `| head`): a reason to stop, but no error.
struct OutputClosed {};

/// The two streams, and the line on the terminal that shows how far something has come.
class Console {
 public:
  explicit Console(bool quiet, std::string program = "mnist")
      : program_(std::move(program)), quiet_(quiet), show_progress_(!quiet && stderr_is_terminal()) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console() { clear_progress(); }

  /// A line of the program's result; it is out before this returns. Throws OutputClosed or Error (io).
  void result(const std::string& line) {
    if (!quiet_) answer(line);
  }

  /// A line that was asked for by an option of its own, and is said even with --quiet.
  void answer(const std::string& line) {
    clear_progress();
    const std::string text = line + "\n";
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
    if (errno == EPIPE) throw OutputClosed{};
    throw tinynet::Error(tinynet::ErrorCode::io,
                         "standard output cannot be written: " + std::generic_category().message(errno));
  }

  /// Something worth knowing, on standard error.
  void note(const std::string& text) {
    if (quiet_) return;
    clear_progress();
    std::fputs((program_ + ": note: " + tinynet::detail::printable(said(text)) + "\n").c_str(), stderr);
  }

  bool shows_progress() const { return show_progress_; }

  /// Draws "LABEL [####    ] 40 %, STATE, RATE UNIT/s, TIME left" on a terminal, ten times a second at most and in one
  /// line: on a narrow terminal with a shorter bar or none.
  void progress(const std::string& label, const std::string& unit, double done, double total,
                const std::string& state = "") {
    if (!show_progress_) return;
    const auto now = std::chrono::steady_clock::now();
    if (label != label_) {
      label_ = label;
      start_ = drawn_ = now;
      first_ = done;
    }
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    const double part = std::clamp(total > 0 ? done / total : 0, 0.0, 1.0);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = (done - first_) / seconds;
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, ", %.4g ", rate);
    std::string text = std::to_string(static_cast<int>(part * 100)) + " %" + (state.empty() ? "" : ", ") + state +
                       numbers + said(unit + "/s");
    if (rate > 0) text += ", " + said(duration((total - done) / rate) + " left");
    // One column stays free: a full line would go on in the next.
    const auto columns = static_cast<std::size_t>(std::max(stderr_columns(), 2) - 1);
    const std::string words = said(label);
    const std::size_t taken = columns_of(words) + columns_of(text) + 4;
    const std::size_t width = taken < columns ? std::min<std::size_t>(columns - taken, 30) : 0;
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
    std::string line = words + " ";
    if (width > 0) line.append("[").append(filled, '#').append(width - filled, ' ').append("] ");
    line = cut_to_columns(line + text, columns);
    std::fputs(("\r" + line + "\033[K").c_str(), stderr);
    std::fflush(stderr);
    visible_ = true;
  }

  /// Removes that line.
  void clear_progress() {
    if (!std::exchange(visible_, false)) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  }

 private:
  static std::string duration(double seconds) {
    const auto s = static_cast<long>(std::max(seconds, 0.0));
    char text[48];
    if (s >= 3600)
      std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
      std::snprintf(text, sizeof text, "%ld:%02ld", s / 60, s % 60);
    return text;
  }

  std::string program_;
  bool quiet_, show_progress_;
  bool visible_ = false;
  std::string label_;
  double first_ = 0;  // what was done when the line was started
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace mnist
