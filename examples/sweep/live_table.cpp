#include "live_table.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#ifndef _WIN32
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace sweep {
namespace {

struct TerminalSize {
  std::size_t height = 24, width = 80;
};

TerminalSize terminal_size() {
#ifndef _WIN32
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
    return {size.ws_row, size.ws_col};
#endif
  return {};
}

}  // namespace

void LiveTable::draw(Rows rows, std::size_t at_least, const std::string& last) {
  if (!shown_) return;
  const auto [height, width] = terminal_size();
  std::vector<std::string> lines = text_table(std::move(rows), width - 1);
  const std::size_t room = std::max<std::size_t>(height, 5) - 2;  // `last` and the cursor have lines, too
  if (lines.size() > room) {
    const std::size_t tail = std::min(at_least, room - 2), head = room - tail - 1;
    const auto from = lines.begin() + static_cast<std::ptrdiff_t>(head),
               to = lines.end() - static_cast<std::ptrdiff_t>(tail);
    const std::string left_out = "... " + std::to_string(to - from) + " more ...";
    lines.insert(lines.erase(from, to), left_out);
  }
  lines.push_back(last);
  std::string text = lines_ == 0 ? "" : "\033[" + std::to_string(lines_) + "A";
  for (const std::string& line : lines) text += "\r" + line.substr(0, width - 1) + "\033[K\n";
  text += "\033[J";  // what is left of a longer one
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
  lines_ = lines.size();
  drawn_ = std::chrono::steady_clock::now();
}

void LiveTable::clear() {
  if (lines_ == 0) return;
  std::fputs(("\033[" + std::to_string(std::exchange(lines_, 0)) + "A\r\033[J").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace sweep
