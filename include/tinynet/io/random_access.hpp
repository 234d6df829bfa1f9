// A file of which any part can be read at any time.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tinynet/io/file.hpp>
#include <tinynet/io/os.hpp>

#ifdef _WIN32
#include <cstdio>
#include <mutex>
#endif

namespace tinynet {
namespace detail::os {

// Reads from `offset` on, wherever other reads have come to. -1 and errno, as POSIX does.
#ifdef _WIN32
inline std::int64_t read_at(int file, void* to, std::size_t n, std::uint64_t offset) {
  static std::mutex one_at_a_time;  // the place in the file is the descriptor's
  const std::scoped_lock guard(one_at_a_time);
  const std::int64_t before = _lseeki64(file, 0, SEEK_CUR);
  if (before < 0 || _lseeki64(file, static_cast<std::int64_t>(offset), SEEK_SET) < 0) return -1;
  const std::int64_t done = read(file, to, n);
  return _lseeki64(file, before, SEEK_SET) < 0 ? -1 : done;
}
#else
inline std::int64_t read_at(int file, void* to, std::size_t n, std::uint64_t offset) {
  return ::pread(file, to, n, static_cast<off_t>(offset));
}
#endif

// Lets the disk begin to read, where the system can be asked to; nobody waits for it.
inline void announce(int file, std::uint64_t offset, std::size_t n) {
#ifdef POSIX_FADV_WILLNEED
  ::posix_fadvise(file, static_cast<off_t>(offset), static_cast<off_t>(n), POSIX_FADV_WILLNEED);
#else
  static_cast<void>(file), static_cast<void>(offset), static_cast<void>(n);
#endif
}

}  // namespace detail::os

/// A regular file that stays on disk. It is read, not mapped: a disk that fails and a file that becomes shorter are
/// errors like others, where a mapped file would end the process. Several threads may call `read_at`.
class RandomAccessFile : public FileSource {
 public:
  using FileSource::FileSource;

  /// Fills `to` with the bytes from `offset` on and returns how many there were: fewer than asked for only at the end.
  /// Throws Error (io).
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> to) const {
    std::size_t done = 0;
    while (done < to.size()) {
      const std::size_t wanted = std::min(to.size() - done, detail::max_transfer);
      const std::int64_t n = detail::os::read_at(descriptor(), to.data() + done, wanted, offset + done);
      if (n == 0) break;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) detail::io_error(path(), "cannot be read", errno, offset + done);
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  /// Says that these bytes will soon be read. Disks are quicker with many wishes at a time than with one after another.
  void announce(std::uint64_t offset, std::size_t n) const { detail::os::announce(descriptor(), offset, n); }
};

}  // namespace tinynet
