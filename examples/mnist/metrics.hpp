// The loss of every step in a file.
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <tinynet/plot/curve.hpp>
#include <utility>

#include "checks.hpp"
#include "numbers.hpp"

namespace mnist {

/// Writes `step,loss` lines as CSV or JSON lines, as the file's name says. Nine significant digits give every float
/// back exactly. A training that goes on keeps what the file has of the steps before.
class Metrics {
 public:
  /// An empty name writes nothing; `first_step` is the first one that will be added. What the file has of later steps
  /// is cut off; if `other` has more of the steps before, its lines are taken. Throws Error (io) if the file cannot be
  /// made.
  Metrics(const std::string& path, long first_step, const std::string& other = "")
      : path_(path), json_(path.ends_with(".jsonl")) {
    if (path.empty()) return;
    std::error_code error;  // a pipe is welcome, too
    const bool can_keep = !std::filesystem::exists(path, error) || std::filesystem::is_regular_file(path, error);
    if (can_keep) check_output(path);
    if (can_keep && first_step > 0) keep(first_step, other);
    errno = 0;
    file_.open(path, std::ios::binary | (kept_ > 0 ? std::ios::app : std::ios::trunc));
    check("cannot be written");
    if (kept_ == 0 && !json_) file_ << "step,loss\n";
  }

  /// How many of the steps before the first one the file has.
  long kept() const { return kept_; }

  /// Is there a file?
  bool wanted() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

  void add(long step, float loss) {
    if (path_.empty()) return;
    const std::string number = significant(static_cast<double>(loss), 9);
    if (json_)
      file_ << R"({"step":)" << shortest(step) << R"(,"loss":)" << number << "}\n";
    else
      file_ << shortest(step) << ',' << number << '\n';
    check("cannot be written");
  }

  /// Hands over to the system what has been added: it stays if this process is killed. Throws Error (io).
  void flush() {
    if (path_.empty()) return;
    errno = 0;
    file_.flush();
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
  tinynet::Curve read(long end) const { return read(path_, end).curve; }

 private:
  struct Known {
    tinynet::Curve curve;
    std::uintmax_t bytes = 0;  // the file's first ones, where this stands
  };

  Known read(const std::string& path, long end) const {
    Known known;
    std::ifstream file(path, std::ios::binary);
    std::string line;
    const auto between = [&line](std::string_view before, std::string_view after) -> std::string_view {
      const std::size_t begin = line.find(before) + before.size(), stop = line.find(after, begin);
      return begin < before.size() || stop == line.npos ? std::string_view{}
                                                        : std::string_view(line).substr(begin, stop - begin);
    };
    std::uintmax_t bytes = 0;
    if (!json_ && std::getline(file, line)) bytes = line.size() + 1;
    double last = -1;
    while (std::getline(file, line) && !file.eof()) {  // a line without an end may be the half of one
      line += '\n';
      const auto step = parse_number<long>(json_ ? between("\"step\":", ",") : between("", ","));
      const auto loss = parse_number<float>(json_ ? between("\"loss\":", "}") : between(",", "\n"));
      if (!step || !loss || *step >= end || static_cast<double>(*step) <= last) break;
      known.curve.x.push_back(last = static_cast<double>(*step));
      known.curve.y.push_back(static_cast<double>(*loss));
      known.bytes = bytes += line.size();
    }
    return known;
  }

  void keep(long end, const std::string& other) {
    std::error_code error;
    Known known = read(path_, end);
    if (!other.empty() && other != path_)
      if (Known more = read(other, end); more.curve.x.size() > known.curve.x.size()) {
        std::filesystem::copy_file(other, path_, std::filesystem::copy_options::overwrite_existing, error);
        if (!error) known = std::move(more);
      }
    if (known.bytes > 0 && !error) std::filesystem::resize_file(path_, known.bytes, error);
    if (error)
      throw tinynet::Error({.code = tinynet::ErrorCode::io,
                            .path = path_,
                            .what = "cannot keep the losses of the steps before",
                            .actual = error.message()});
    kept_ = static_cast<long>(known.curve.x.size());
  }

  void check(const char* problem) {
    if (!file_)
      throw tinynet::Error({.code = tinynet::ErrorCode::io,
                            .path = path_,
                            .what = problem,
                            .actual = std::generic_category().message(errno)});
  }

  std::string path_;
  bool json_;
  long kept_ = 0;
  std::ofstream file_;
};

}  // namespace mnist
