// DIR/sweep.html: the curves over each other, and a table of all trainings.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "training.hpp"

namespace sweep {

class Page {
 public:
  /// The data must outlive it. Throws Error (io) if the file cannot be written.
  Page(const std::string& folder, const mnist::Data& data);

  /// Writes the page unless it has been written within the last two seconds, or ten times as long as that took. Throws
  /// Error (io).
  void update(const std::vector<Result>& results, std::size_t missing);
  /// Writes it now.
  void write(const std::vector<Result>& results, std::size_t missing);

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const mnist::Data& data_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace sweep
