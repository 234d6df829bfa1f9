// The loss of every step in a file.
#pragma once

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <tinynet/plot/curve.hpp>

#include "checks.hpp"
#include "numbers.hpp"

namespace mnist {

/// Writes `step,loss` lines as CSV or JSON lines, as the file's name says. Nine significant digits give every float
/// back exactly. A training that goes on keeps what the file has of the steps before.
class Metrics {
 public:
  /// An empty name writes nothing; `first_step` is the first one that will be added. Throws Error (io) if the file
  /// cannot be made.
  Metrics(const std::string& path, long first_step) : path_(path), json_(path.ends_with(".jsonl")) {
    if (path.empty()) return;
    std::error_code ignored;  // a pipe is welcome, too
    if (!std::filesystem::exists(path, ignored) || std::filesystem::is_regular_file(path, ignored)) check_output(path);
    const tinynet::Curve before = first_step > 0 ? read(first_step) : tinynet::Curve{};
    errno = 0;
    file_.open(path, std::ios::binary | std::ios::trunc);
    check("cannot be written");
    if (!json_) file_ << "step,loss\n";
    for (std::size_t i = 0; i < before.x.size(); ++i)
      add(static_cast<long>(before.x[i]), static_cast<float>(before.y[i]));
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

  /// What the file has of the steps before `end`, up to the first line that is something else.
  tinynet::Curve read(long end) const {
    tinynet::Curve curve;
    std::ifstream file(path_, std::ios::binary);
    std::string line;
    const auto between = [&line](std::string_view before, std::string_view after) -> std::string_view {
      const std::size_t begin = line.find(before) + before.size(), stop = line.find(after, begin);
      return begin < before.size() || stop == line.npos ? std::string_view{}
                                                        : std::string_view(line).substr(begin, stop - begin);
    };
    if (!json_) std::getline(file, line);
    while (std::getline(file, line)) {
      line += '\n';
      const auto step = parse_number<long>(json_ ? between("\"step\":", ",") : between("", ","));
      const auto loss = parse_number<float>(json_ ? between("\"loss\":", "}") : between(",", "\n"));
      if (!step || !loss || *step >= end) break;
      curve.x.push_back(static_cast<double>(*step));
      curve.y.push_back(static_cast<double>(*loss));
    }
    return curve;
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
