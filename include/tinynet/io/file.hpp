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
#include <string_view>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <tinynet/io/os.hpp>
#include <tinynet/io/source.hpp>
#include <utility>
#include <vector>

namespace tinynet {
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

 protected:
  /// The open file, as the system numbers it.
  int descriptor() const { return file_.get(); }

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

// The name of a new file beside `target` is the target's, a point, a number and ".tmp".
inline std::string temporary_stem(const std::filesystem::path& target) {
  return target.filename().string().substr(0, 200) + ".";  // names end at 255 bytes
}
inline bool is_temporary(std::string_view name, std::string_view stem) {
  if (!name.starts_with(stem) || !name.ends_with(".tmp") || name.size() <= stem.size() + 4) return false;
  name.remove_prefix(stem.size());
  name.remove_suffix(4);
  return name.find_first_not_of("0123456789") == name.npos;
}

// A new file beside the one that it shall replace. Removed at the end unless it has taken that place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target) : file_(create(target)), claim_(os::keep_claim(file_.get())) {}
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
    const std::string stem = temporary_stem(path);
    for (int attempt = 0;; ++attempt) {
      name_ = (path.parent_path() / (stem + std::to_string(std::random_device{}()) + ".tmp")).string();
      const int file = os::create(name_);
      if (file >= 0 && os::claim(file)) return file;
      const int error = errno;
      if (file >= 0) os::close(file);
      if (attempt < 100 && (file >= 0 || error == EINTR || error == EEXIST)) continue;
      name_.clear();  // it is not ours
      io_error(target, "cannot be written: no new file can be made in its folder", error);
    }
  }

  std::string name_;  // before file_, whose initialisation sets it
  FileHandle file_;
  FileHandle claim_;  // until the new file has its place, and is no more taken for abandoned
  std::uint64_t offset_ = 0;
};

inline std::string folder_of(const std::filesystem::path& file) {
  const std::string folder = file.parent_path().string();
  return folder.empty() ? "." : folder;
}

// The file that is to be written, and what is there now.
struct WriteTarget {
  std::string path;  // links followed
  os::Status old{};
  bool exists = false;
};

inline WriteTarget find_target(const std::string& path) {
  check_path(path);
  WriteTarget target{.path = path};
  target.exists = os::status(path, target.old) == 0;
  if (!target.exists && errno != ENOENT) io_error(path, "cannot be written", errno);
  if (target.exists && !os::is_regular(target.old)) not_regular(path, os::is_folder(target.old));
  if (target.exists && !os::is_writable(path)) io_error(path, "is write-protected", errno);

  std::error_code error;
  for (int links = 0; links < 40 && std::filesystem::is_symlink(target.path, error); ++links) {
    const auto next = std::filesystem::read_symlink(target.path, error);
    if (error) io_error(path, "is a link that cannot be followed", error.value());
    target.path = (std::filesystem::path(target.path).parent_path() / next).string();
  }
  // What cannot be looked at may be a link, which must not be replaced.
  if (error && error != std::errc::no_such_file_or_directory)
    io_error(path, "is a link that cannot be followed", error.value());
  if (target.exists && !os::may_replace(target.old, folder_of(target.path)))
    io_error(path, "cannot be replaced", EPERM);
  return target;
}

// Removes what killed processes have left beside `target`. What living ones write there stays.
inline void sweep(const std::filesystem::path& target) {
  const std::string stem = temporary_stem(target);
  os::for_each_name(folder_of(target), [&](std::string_view name) {
    if (is_temporary(name, stem)) os::remove_abandoned((target.parent_path() / name).string());
  });
}

}  // namespace detail

/// Throws the Error (io) that write_file would begin with if `path` cannot be written: it is no regular file, is
/// write-protected, its name is too long, no file can be made in its folder, or none take its place there. For before a
/// long computation.
inline void check_writable(const std::string& path) {
  const detail::WriteTarget target = detail::find_target(path);
  detail::sweep(target.path);
  const detail::TemporaryFile attempt(target.path);
}

/// Writes `parts` one after another as the file `path`, all or nothing: the bytes go to a new file in the same folder,
/// to the disk, and then take the place of the old file, whose permissions they keep. A link is followed, also one to a
/// file that is not there yet. New files that killed processes have left there of writing `path` are removed.
/// Throws Error (io); the old file is then as it was (unless only the folder could not be brought to the disk after
/// the rename, which the message says), and the new one is removed.
inline void write_file(const std::string& path, const std::vector<std::span<const std::uint8_t>>& parts) {
  const detail::WriteTarget target = detail::find_target(path);
  const std::string folder = detail::folder_of(target.path);  // now: what has been replaced is not to fail any more
  detail::sweep(target.path);
  detail::TemporaryFile file(target.path);
  for (const auto part : parts) file.write(part);
  if (target.exists) file.copy_mode(target.old);
  file.replace(target.path);
  if (detail::os::sync_folder(folder) != 0)
    detail::io_error(path, "is written, but may not outlast a power cut", errno);
}
/// The same for a text.
inline void write_text_file(const std::string& path, std::string_view text) {
  write_file(path, {std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())});
}

}  // namespace tinynet
