// Running another program, and a lock between processes: what the C++ library does not have.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace mnist {

/// What a program that was run left behind.
struct ProcessResult {
  bool started = false;  ///< false: there is no such program
  int status = -1;       ///< its exit status, 128 + n if signal n ended it
  std::string out;       ///< its standard output
  std::string err;       ///< its standard error
};

/// Runs `command` (found on PATH; no shell in between) with `input` on its standard input until it ends. Calls
/// `tick` about ten times a second meanwhile. The caller must have SIGPIPE ignored, as main has.
ProcessResult run_process(const std::vector<std::string>& command, std::span<const char> input = {},
                          const std::function<void()>& tick = {});

/// Holds a file's lock as long as it lives. The system frees the lock of a process that is killed.
class FileLock {
 public:
  /// Waits for the lock; calls `waiting` once if another process holds it.
  FileLock(const std::filesystem::path& path, const std::function<void()>& waiting);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_ = -1;
};

/// This process's number, for names that no other process uses.
long process_id();

/// Makes writing to a closed standard output an error instead of a hit on whatever file is opened next, and writing to
/// a pipe that nobody reads an error instead of the end.
void guard_standard_streams();

/// Whether standard error is a terminal, where a line can be drawn over and over.
bool stderr_is_terminal();

}  // namespace mnist
