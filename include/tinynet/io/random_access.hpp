// A file of which any part can be read at any time.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/io/file.hpp>
#include <tinynet/io/os.hpp>
#include <tinynet/io/source.hpp>

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
  return _lseeki64(file, static_cast<std::int64_t>(offset), SEEK_SET) < 0 ? -1 : read(file, to, n);
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
class RandomAccessFile : public ByteSource {
 public:
  /// Throws Error (io) if `path` cannot be opened or is a directory, a pipe, a socket or a device.
  explicit RandomAccessFile(const std::string& path) : ByteSource(path), file_(open(path)) {
    detail::os::Status status{};
    if (detail::os::status(file_.get(), status) != 0) detail::io_error(path, "cannot be examined", errno);
    if (!detail::os::is_regular(status)) detail::not_regular(path, detail::os::is_folder(status));
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  /// Fills `to` with the bytes from `offset` on and returns how many there were: fewer than asked for only at the end.
  /// Throws Error (io).
  std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> to) const {
    std::size_t done = 0;
    while (done < to.size()) {
      const std::size_t wanted = std::min(to.size() - done, detail::max_transfer);
      const std::int64_t n = detail::os::read_at(file_.get(), to.data() + done, wanted, offset + done);
      if (n == 0) break;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) detail::io_error(path(), "cannot be read", errno, offset + done);
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  /// Says that these bytes will soon be read. Disks are quicker with many wishes at a time than with one after another.
  void announce(std::uint64_t offset, std::size_t n) const { detail::os::announce(file_.get(), offset, n); }

  /// The next bytes, as of any source.
  std::size_t read(std::span<std::uint8_t> to) override {
    const std::size_t n = read_at(next_, to);
    next_ += n;
    return n;
  }

  /// The size at the time of opening.
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  static int open(const std::string& path) {
    const FileSource checked(path);  // throws what there is to say of the path
    int file = -1;
    do file = detail::os::open_for_reading(path);
    while (file < 0 && errno == EINTR);
    if (file < 0) detail::io_error(path, "cannot be opened", errno);
    return file;
  }

  detail::FileHandle file_;
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 0;  // for read()
};

}  // namespace tinynet
