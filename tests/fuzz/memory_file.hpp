// For readers that want the name of a file.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "harness.hpp"

namespace fuzz {

/// A file that is nowhere but in memory.
class MemoryFile {
 public:
  MemoryFile() : file_(::memfd_create("fuzz", 0)), path_("/proc/self/fd/" + std::to_string(file_)) {
    check(file_ >= 0, "memfd_create works");
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(file_); }

  /// Its name, with these bytes in it.
  const std::string& holding(ByteView bytes) const {
    check(::ftruncate(file_, 0) == 0, "the file is emptied");
    check(::pwrite(file_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "the file is written");
    return path_;
  }

 private:
  int file_;
  std::string path_;
};

}  // namespace fuzz
