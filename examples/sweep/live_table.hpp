// The table on the terminal while the trainings go on, drawn over and over in its place.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "columns.hpp"

namespace sweep {

class LiveTable {
 public:
  explicit LiveTable(bool shown) : shown_(shown) {}
  LiveTable(const LiveTable&) = delete;
  LiveTable& operator=(const LiveTable&) = delete;
  ~LiveTable() { clear(); }

  bool shown() const { return shown_; }

  /// Whether it is time for another picture: five times a second.
  bool is_due() const { return shown_ && std::chrono::steady_clock::now() - drawn_ >= std::chrono::milliseconds(200); }

  /// Draws the table of these rows, and `last` below it. What is too wide for the terminal is cut, and of a table that
  /// is too high the rows in the middle are left out: the first and the last `at_least` stay.
  void draw(Rows rows, std::size_t at_least, const std::string& last);

  /// Removes it.
  void clear();

 private:
  bool shown_;
  std::size_t lines_ = 0;  // that are there
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace sweep
