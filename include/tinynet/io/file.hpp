// Files: reading that takes nothing but a regular file, writing that is all or nothing.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <tinynet/io/source.hpp>
#include <utility>
#include <vector>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tinynet {

// The few calls of the operating system that we need. They return -1 and set errno, as POSIX does.
namespace detail::os {

#ifdef _WIN32

using Status = struct _stat64;

inline int open_for_reading(const std::string& path) {
  int file = -1;
  errno = _sopen_s(&file, path.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, 0);
  return file;
}
inline int create(const std::string& path) {
  int file = -1;
  errno = _sopen_s(&file, path.c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _SH_DENYRW,
                   _S_IREAD | _S_IWRITE);
  return file;
}
inline int status(int file, Status& status) { return _fstat64(file, &status); }
inline int status(const std::string& path, Status& status) { return _stat64(path.c_str(), &status); }
inline bool is_folder(const Status& status) { return (status.st_mode & _S_IFMT) == _S_IFDIR; }
inline bool is_regular(const Status& status) { return (status.st_mode & _S_IFMT) == _S_IFREG; }
inline bool is_writable(const std::string& path) { return _access(path.c_str(), 2) == 0; }
inline std::int64_t read(int file, void* to, std::size_t n) { return _read(file, to, static_cast<unsigned>(n)); }
inline std::int64_t write(int file, const void* from, std::size_t n) {
  return _write(file, from, static_cast<unsigned>(n));
}
inline int copy_mode(int, const Status&) { return 0; }  // access lists stay with the folder
inline int sync(int file) { return _commit(file); }
inline int close(int file) { return _close(file); }
inline int remove(const std::string& path) { return _unlink(path.c_str()); }
inline int rename(const std::string& from, const std::string& to) {  // ::rename does not replace on Windows
  std::error_code error;
  std::filesystem::rename(from, to, error);
  errno = error ? error.default_error_condition().value() : 0;
  return error ? -1 : 0;
}
inline int sync_folder(const std::string&) { return 0; }  // there is no such call

#else

using Status = struct ::stat;

// O_NONBLOCK: opening a pipe that nobody writes to must not wait.
inline int open_for_reading(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}
inline int create(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}
inline int status(int file, Status& status) { return ::fstat(file, &status); }
inline int status(const std::string& path, Status& status) { return ::stat(path.c_str(), &status); }
inline bool is_folder(const Status& status) { return S_ISDIR(status.st_mode); }
inline bool is_regular(const Status& status) { return S_ISREG(status.st_mode); }
inline bool is_writable(const std::string& path) { return ::access(path.c_str(), W_OK) == 0; }
inline std::int64_t read(int file, void* to, std::size_t n) { return ::read(file, to, n); }
inline std::int64_t write(int file, const void* from, std::size_t n) { return ::write(file, from, n); }
inline int copy_mode(int file, const Status& old) { return ::fchmod(file, old.st_mode & 07777); }
inline int sync(int file) { return ::fsync(file); }
inline int close(int file) { return ::close(file); }
inline int remove(const std::string& path) { return ::unlink(path.c_str()); }
inline int rename(const std::string& from, const std::string& to) { return ::rename(from.c_str(), to.c_str()); }

// Makes a rename in `folder` last. Some file systems cannot, and a folder may be closed to reading: not an error.
inline int sync_folder(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return 0;
  const int result = ::fsync(file);
  const int error = errno;
  ::close(file);
  errno = error;
  return result == 0 || error == EINVAL ? 0 : -1;
}

#endif

}  // namespace detail::os

namespace detail {

// One call moves at most this many bytes: Windows takes an int.
inline constexpr std::size_t max_transfer = std::size_t{1} << 30;

[[noreturn]] inline void io_error(const std::string& path, const std::string& what, int error,
                                  std::optional<std::uint64_t> offset = std::nullopt) {
  throw Error({.code = ErrorCode::io,
               .path = path,
               .offset = offset,
               .what = what,
               .actual = std::generic_category().message(error)});
}

// A NUL would end the name early, and another file be opened.
inline void check_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos)
    throw Error({.code = ErrorCode::io, .path = path, .what = "not a file name", .actual = printable(path)});
}

[[noreturn]] inline void not_regular(const std::string& path, bool folder) {
  throw Error({.code = ErrorCode::io,
               .path = path,
               .what = "not a regular file",
               .expected = "a regular file",
               .actual = folder ? "a directory" : "a pipe, socket or device"});
}

// An open file, closed at the end.
class FileHandle {
 public:
  explicit FileHandle(int file) : file_(file) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (file_ >= 0) os::close(file_);
  }

  int get() const { return file_; }
  int close() { return os::close(std::exchange(file_, -1)); }

 private:
  int file_;
};

}  // namespace detail

/// A regular file, read from its start.
class FileSource : public ByteSource {
 public:
  /// Throws Error (io) if `path` cannot be opened or is a directory, a pipe, a socket or a device; it never waits.
  explicit FileSource(const std::string& path) : ByteSource(path), file_(open(path)) {
    detail::os::Status status{};
    if (detail::os::status(file_.get(), status) != 0) detail::io_error(path, "cannot be examined", errno);
    if (!detail::os::is_regular(status)) detail::not_regular(path, detail::os::is_folder(status));
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  std::size_t read(std::span<std::uint8_t> to) override {
    std::size_t done = 0;
    while (done < to.size()) {
      const std::size_t wanted = std::min(to.size() - done, detail::max_transfer);
      const std::int64_t n = detail::os::read(file_.get(), to.data() + done, wanted);
      if (n == 0) break;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) detail::io_error(path(), "cannot be read", errno, offset_);
      done += static_cast<std::size_t>(n);
      offset_ += static_cast<std::uint64_t>(n);
    }
    return done;
  }

  /// The size at the time of opening.
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  static int open(const std::string& path) {
    detail::check_path(path);
    int file = -1;
    do file = detail::os::open_for_reading(path);
    while (file < 0 && errno == EINTR);
    if (file >= 0) return file;
    const int error = errno;
    detail::os::Status status{};  // sockets, and directories on Windows, do not even open
    if (detail::os::status(path, status) == 0 && !detail::os::is_regular(status))
      detail::not_regular(path, detail::os::is_folder(status));
    detail::io_error(path, "cannot be opened", error);
  }

  detail::FileHandle file_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
};

namespace detail {

// A new file beside the one that it shall replace. Removed at the end unless it has taken that place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target) : file_(create(target)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_.get() >= 0) file_.close();  // before remove: Windows does not remove open files
    if (!name_.empty()) os::remove(name_);
  }

  void write(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const std::int64_t n = os::write(file_.get(), bytes.data(), std::min(bytes.size(), max_transfer));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) io_error(name_, "cannot be written", n == 0 ? EIO : errno, offset_);
      bytes = bytes.subspan(static_cast<std::size_t>(n));
      offset_ += static_cast<std::uint64_t>(n);
    }
  }

  void copy_mode(const os::Status& old) {
    if (os::copy_mode(file_.get(), old) != 0) io_error(name_, "cannot be given the old file's permissions", errno);
  }

  // A failed sync or close is final: the kernel may have marked the lost pages clean, so trying again would succeed.
  void replace(const std::string& target) {
    if (os::sync(file_.get()) != 0) io_error(name_, "cannot be brought to the disk", errno);
    if (file_.close() != 0 && errno != EINTR) io_error(name_, "cannot be closed", errno);
    if (os::rename(name_, target) != 0) io_error(target, "cannot be replaced", errno);
    name_.clear();
  }

 private:
  int create(const std::string& target) {
    const std::filesystem::path path(target);
    const std::string stem = path.filename().string().substr(0, 200);  // names end at 255 bytes
    for (int attempt = 0;; ++attempt) {
      name_ = (path.parent_path() / (stem + "." + std::to_string(std::random_device{}()) + ".tmp")).string();
      const int file = os::create(name_);
      if (file >= 0) return file;
      const int error = errno;
      if (error == EINTR || (error == EEXIST && attempt < 100)) continue;
      name_.clear();  // it is not ours
      io_error(target, "cannot be written: no new file can be made in its folder", error);
    }
  }

  std::string name_;  // before file_, whose initialisation sets it
  FileHandle file_;
  std::uint64_t offset_ = 0;
};

}  // namespace detail

/// Writes `parts` one after another as the file `path`, all or nothing: the bytes go to a new file in the same folder,
/// to the disk, and then take the place of the old file, whose permissions they keep. A link is followed.
/// Throws Error (io); the old file is then as it was (unless only the folder could not be brought to the disk after
/// the rename, which the message says), and the new one is removed.
inline void write_file(const std::string& path, const std::vector<std::span<const std::uint8_t>>& parts) {
  detail::check_path(path);
  std::string target = path;
  std::error_code error;
  if (std::filesystem::is_symlink(path, error)) {
    const auto resolved = std::filesystem::canonical(path, error);
    if (!error) target = resolved.string();
  }

  detail::os::Status old{};
  const bool exists = detail::os::status(target, old) == 0;
  if (exists && !detail::os::is_regular(old)) detail::not_regular(path, detail::os::is_folder(old));
  if (exists && !detail::os::is_writable(target)) detail::io_error(path, "is write-protected", errno);

  detail::TemporaryFile file(target);
  for (const auto part : parts) file.write(part);
  if (exists) file.copy_mode(old);
  file.replace(target);

  const std::string folder = std::filesystem::path(target).parent_path().string();
  if (detail::os::sync_folder(folder.empty() ? "." : folder) != 0)
    detail::io_error(path, "is written, but may not outlast a power cut", errno);
}

}  // namespace tinynet
