// The few calls of the operating system that reading and writing of files needs.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <tinynet/core/language.hpp>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#else
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

// They return -1 and set errno, as POSIX does.
namespace tinynet::detail::os {

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
inline bool may_replace(const Status&, const std::string&) { return true; }
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
// A file that was left behind looks like one that is closed and about to be renamed: none is looked for.
template <class Visit>
void for_each_name(const std::string&, const Visit&) {}
inline bool claim(int) { return true; }
inline int keep_claim(int) { return -1; }
inline void remove_abandoned(const std::string&) {}

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
// In a sticky folder, such as /tmp, only whoever has the file or the folder may put another one in the file's place.
inline bool may_replace(const Status& file, const std::string& folder) {
  Status in{};
  if (::stat(folder.c_str(), &in) != 0 || (in.st_mode & S_ISVTX) == 0) return true;
  const uid_t user = ::geteuid();
  return user == 0 || user == file.st_uid || user == in.st_uid;
}
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

// A process holds the lock of the new file that it writes. The system frees it when the process ends or is killed, so
// what is not locked has been left behind. (Where the file system has no locks, nothing is ever removed.)
inline bool lock(int file, int how) {
  int result = 0;
  do result = ::flock(file, LOCK_EX | how);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

// Takes the lock of a file just made. False if another process was faster, took it for abandoned and removed it.
inline bool claim(int file) {
  Status now{};
  return !lock(file, 0) || status(file, now) != 0 || now.st_nlink != 0;
}

// Another descriptor, with which the lock outlasts the closing of the first.
inline int keep_claim(int file) { return ::fcntl(file, F_DUPFD_CLOEXEC, 0); }

// Calls visit(name) for what is in a folder, if it can be read. (std::filesystem::directory_iterator of GNU's library
// ends the process if there is no memory for it.)
template <class Visit>
void for_each_name(const std::string& folder, const Visit& visit) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Close> open(::opendir(folder.c_str()));
  while (const dirent* const entry = open ? ::readdir(open.get()) : nullptr) visit(std::string_view(entry->d_name));
}

// Removes a file unless a process holds its lock.
inline void remove_abandoned(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return;
  if (lock(file, LOCK_NB)) remove(path);
  ::close(file);
}

#endif

}  // namespace tinynet::detail::os
