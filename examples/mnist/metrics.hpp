// The loss of every step in a file.
#pragma once

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <tinynet/core/error.hpp>

#include "numbers.hpp"

namespace mnist {

/// Writes `step,loss` lines as CSV or JSON lines, as the file's name says. Nine significant digits give every float
/// back exactly.
class Metrics {
 public:
  /// An empty name writes nothing. Throws Error (io) if the file cannot be made.
  explicit Metrics(const std::string& path) : path_(path), json_(path.ends_with(".jsonl")) {
    if (path.empty()) return;
    errno = 0;
    file_.open(path, std::ios::binary | std::ios::trunc);
    check("cannot be written");
    if (!json_) file_ << "step,loss\n";
  }

  /// Is there a file?
  bool wanted() const { return !path_.empty(); }

  void add(long step, float loss) {
    if (path_.empty()) return;
    const std::string number = significant(static_cast<double>(loss), 9);
    if (json_)
      file_ << R"({"step":)" << shortest(step) << R"(,"loss":)" << number << "}\n";
    else
      file_ << shortest(step) << ',' << number << '\n';
    check("cannot be written");
  }

  /// Throws Error (io) if not everything has got to the file.
  void close() {
    if (path_.empty()) return;
    errno = 0;
    file_.close();
    check("cannot be written to its end");
  }

 private:
  void check(const char* problem) {
    if (!file_)
      throw tinynet::Error({.code = tinynet::ErrorCode::io,
                            .path = path_,
                            .what = problem,
                            .actual = std::generic_category().message(errno)});
  }

  std::string path_;
  bool json_;
  std::ofstream file_;
};

}  // namespace mnist
