// Running another program, and a lock between processes: what the C++ library does not have.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace mnist {

/// How a program is run.
struct ProcessOptions {
  std::span<const char> input = {};                                   ///< its standard input
  std::size_t most_output = std::numeric_limits<std::size_t>::max();  ///< more is not read
  std::function<void(std::size_t)> tick = {};  ///< called about ten times a second with the bytes of output so far
};

/// What it left behind.
struct ProcessResult {
  bool started = false;   ///< false: there is no such program
  int status = -1;        ///< its exit status, 128 + n if signal n ended it
  std::string out;        ///< its standard output
  std::string err;        ///< its standard error
  bool too_much = false;  ///< there was more output than asked for
};

/// Runs `command` (found on PATH; no shell in between) until it ends. If this process is killed, the program ends when
/// it next writes. The caller must have SIGPIPE ignored (guard_standard_streams).
ProcessResult run_process(const std::vector<std::string>& command, ProcessOptions options = {});

/// Holds a file's lock as long as it lives. The system frees the lock of a process that is killed.
class FileLock {
 public:
  /// Waits for the lock; calls `waiting` once if another process holds it. `hint` is for the Error (io) that is thrown
  /// if the file cannot be opened.
  FileLock(const std::filesystem::path& path, const std::function<void()>& waiting, const std::string& hint = {});
  ~FileLock();

  /// The file goes with the lock.
  void remove_at_end() { remove_ = path_; }

  /// Writes into the file who holds the lock, in place of all that it has.
  void sign() const;
  /// What sign() wrote there: "process 123 on host".
  static std::string signature(const std::filesystem::path& path);

  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_ = -1;
  std::filesystem::path path_, remove_;
};

/// Makes writing to a closed standard output an error instead of a hit on whatever file is opened next, and writing to
/// a pipe that nobody reads, or beyond a file's largest allowed size, an error instead of the end.
void guard_standard_streams();

/// Whether standard error is a terminal, where a line can be drawn over and over.
bool stderr_is_terminal();

/// The columns of the terminal that standard output is, or 80; and of standard error's.
int stdout_columns();
int stderr_columns();

}  // namespace mnist
