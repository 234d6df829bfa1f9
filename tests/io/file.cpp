#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <tinynet/io/file.hpp>
#include <vector>

#include "temporary_folder.hpp"

#ifndef _WIN32
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>

#include <csignal>
#include <cstdarg>
#endif

using test::Bytes;
using test::bytes;
using test::error_of;
using test::mentions;
using test::read_bytes;
using test::TemporaryFolder;
using test::well_formed;
using test::write_bytes;
using tinynet::check_writable;
using tinynet::ErrorCode;
using tinynet::FileSource;
using tinynet::write_file;

namespace {

Bytes read_all(const std::string& path) {
  FileSource source(path);
  Bytes content(static_cast<std::size_t>(*source.size()) + 10);
  content.resize(source.read(content));
  return content;
}

void write(const std::string& path, const Bytes& content) { write_file(path, {content}); }

bool has_permissions(const std::string& path, unsigned mode) {
  return static_cast<unsigned>(std::filesystem::status(path).permissions()) == mode;
}

}  // namespace

#if defined(__linux__) && !defined(__SANITIZE_THREAD__)  // which must see for itself what is closed

// Faults: this program's own read, write, fsync, close and rename stand before those of the C library.
namespace {

struct Faults {
  bool active = false;
  std::string log = {};                // a letter a call
  std::size_t max_bytes = 0;           // of one read or write; 0: all
  bool interrupt_every_other = false;  // EINTR
  char fail = 0;                       // the letter of the call that fails ...
  int fail_at = 0;                     // ... the n-th time
  int error = 0;
  int calls = 0;
  std::size_t kill_at = 0;  // the process is killed at its n-th call
};
Faults faults;

// Whether this call fails; sets errno.
bool fault(char letter) {
  if (!faults.active) return false;
  faults.log += letter;
  if (faults.log.size() == faults.kill_at) ::raise(SIGKILL);
  if (faults.interrupt_every_other && (letter == 'r' || letter == 'w') && faults.log.size() % 2 == 1) {
    errno = EINTR;
    return true;
  }
  if (letter != faults.fail || ++faults.calls != faults.fail_at) return false;
  errno = faults.error;
  return true;
}

// The same of calls that are not logged.
bool unlogged_fault(char letter) {
  if (!faults.active || letter != faults.fail || ++faults.calls != faults.fail_at) return false;
  errno = faults.error;
  return true;
}

std::size_t limited(std::size_t n) {
  return faults.active && faults.max_bytes != 0 && n > faults.max_bytes ? faults.max_bytes : n;
}

struct WithFaults {
  explicit WithFaults(const Faults& f) {
    faults = f;
    faults.active = true;
  }
  WithFaults(const WithFaults&) = delete;
  WithFaults& operator=(const WithFaults&) = delete;
  ~WithFaults() { faults.active = false; }
};

}  // namespace

extern "C" {
ssize_t read(int file, void* to, size_t n) { return fault('r') ? -1 : syscall(SYS_read, file, to, limited(n)); }
ssize_t write(int file, const void* from, size_t n) {
  if (fault('w')) return faults.fail == 'w' && faults.error == 0 ? 0 : -1;
  return syscall(SYS_write, file, from, limited(n));
}
int fsync(int file) { return fault('s') ? -1 : static_cast<int>(syscall(SYS_fsync, file)); }
int close(int file) {
  const int result = static_cast<int>(syscall(SYS_close, file));
  return fault('c') ? -1 : result;
}
int rename(const char* from, const char* to) noexcept {
  return fault('n') ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : mode_t{0};
  va_end(arguments);
  return unlogged_fault('o') ? -1 : static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int fstat(int file, struct stat* status) noexcept {
  return unlogged_fault('t') ? -1 : fstatat(file, "", status, AT_EMPTY_PATH);
}
int fchmod(int file, mode_t mode) noexcept {
  return unlogged_fault('m') ? -1 : static_cast<int>(syscall(SYS_fchmod, file, mode));
}
int flock(int file, int how) noexcept {
  return unlogged_fault('l') ? -1 : static_cast<int>(syscall(SYS_flock, file, how));
}
}

TEST_CASE("row 27: short reads and EINTR are tried again") {
  const TemporaryFolder folder;
  Bytes content(1000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 7);
  write_bytes(folder / "a", content);
  Bytes found;
  {
    const WithFaults with({.max_bytes = 13, .interrupt_every_other = true});
    found = read_all(folder / "a");
  }
  CHECK(found == content);
  CHECK(faults.log.size() > 2 * 1000 / 13);
}

TEST_CASE("row 27: a read that fails gives code 4 with the offset, whichever it is") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", Bytes(40));
  for (int k = 1; k <= 4; ++k) {
    const WithFaults with({.max_bytes = 10, .fail = 'r', .fail_at = k, .error = EIO});
    const auto error = error_of([&] { read_all(folder / "a"); });
    CHECK(error.code() == ErrorCode::io);
    CHECK(error.offset() == static_cast<std::uint64_t>(10 * (k - 1)));
    CHECK(well_formed(error, folder / "a"));
  }
}

TEST_CASE("row 69: written, brought to the disk, closed, renamed, the folder brought to the disk - in this order") {
  const TemporaryFolder folder;
  const WithFaults with({});
  write(folder / "a", bytes("new"));
  CHECK(faults.log == "wscnscc");  // the last is the lock's
}

TEST_CASE("short writes and EINTR are tried again") {
  const TemporaryFolder folder;
  Bytes content(1000);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 7);
  {
    const WithFaults with({.max_bytes = 13, .interrupt_every_other = true});
    write(folder / "a", content);
  }
  CHECK(read_bytes(folder / "a") == content);
}

TEST_CASE("row 70: a failed write, fsync, close or rename leaves the old file and nothing else") {
  for (const char call : {'w', 's', 'c', 'n'})
    for (const int code : {ENOSPC, EDQUOT, EIO})
      for (const int at : {1, 3}) {
        if (at != 1 && call != 'w') continue;
        CAPTURE(call);
        CAPTURE(code);
        CAPTURE(at);
        const TemporaryFolder folder;
        write_bytes(folder / "a", bytes("old content"));
        {
          const WithFaults with({.max_bytes = 4, .fail = call, .fail_at = at, .error = code});
          const auto error = error_of([&] { write(folder / "a", bytes("something longer")); });
          CHECK(error.code() == ErrorCode::io);
          CHECK(mentions(error, std::generic_category().message(code)));
          if (call == 'w') CHECK(error.offset() == static_cast<std::uint64_t>(4 * (at - 1)));
          if (call == 's') CHECK(faults.log == "wwwwscc");  // not synchronised again
        }
        CHECK(read_bytes(folder / "a") == bytes("old content"));
        CHECK(folder.names() == std::vector<std::string>{"a"});
      }
}

TEST_CASE("row 70: a file that cannot be made, be given the old one's permissions, or takes no bytes") {
  struct Case {
    char call;
    int at, error;
    bool good;  // the save goes on
  };
  for (const Case& c : {Case{'o', 1, EINTR, true}, Case{'o', 1, EEXIST, true}, Case{'o', 1, ENOSPC, false},
                        Case{'o', 2, EACCES, true},  // the folder is closed to reading
                        Case{'t', 1, EIO, true}, Case{'l', 1, EINTR, true}, Case{'l', 1, ENOLCK, true},
                        Case{'m', 1, EPERM, false}, Case{'c', 1, EINTR, true}, Case{'w', 1, 0, false}}) {
    CAPTURE(c.call);
    CAPTURE(c.error);
    const TemporaryFolder folder;
    write_bytes(folder / "a", bytes("old"));
    {
      const WithFaults with({.fail = c.call, .fail_at = c.at, .error = c.error});
      if (c.good) {
        write(folder / "a", bytes("new"));
      } else {
        const auto error = error_of([&] { write(folder / "a", bytes("new")); });
        CHECK(error.code() == ErrorCode::io);
        CHECK(mentions(error, std::generic_category().message(c.error == 0 ? EIO : c.error)));
      }
      CHECK(faults.calls >= c.at);
    }
    CHECK(read_bytes(folder / "a") == bytes(c.good ? "new" : "old"));
    CHECK(folder.names() == std::vector<std::string>{"a"});
  }
}

TEST_CASE("a file that is opened on the second try, and one that cannot be looked at") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", bytes("x"));
  {
    const WithFaults with({.fail = 'o', .fail_at = 1, .error = EINTR});
    CHECK(read_all(folder / "a") == bytes("x"));
    CHECK(faults.calls == 2);
  }
  const WithFaults with({.fail = 't', .fail_at = 1, .error = EIO});
  const auto error = error_of([&] { read_all(folder / "a"); });
  CHECK(error.code() == ErrorCode::io);
  CHECK(mentions(error, "cannot be examined"));
}

TEST_CASE("row 70: a folder that cannot be brought to the disk is told, the new file is there") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", bytes("old"));
  {
    const WithFaults with({.fail = 's', .fail_at = 2, .error = EIO});
    const auto error = error_of([&] { write(folder / "a", bytes("new")); });
    CHECK(error.code() == ErrorCode::io);
    CHECK(mentions(error, "power cut"));
  }
  CHECK(read_bytes(folder / "a") == bytes("new"));
  CHECK(folder.names().size() == 1);
  {
    const WithFaults with({.fail = 's', .fail_at = 2, .error = EINVAL});  // a file system without such a thing
    write(folder / "a", bytes("newer"));
  }
  CHECK(read_bytes(folder / "a") == bytes("newer"));
}

// The status with which a copy of this process ends that makes the call.
template <class Call>
int status_of_child(const Call& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      call();
      ::_exit(0);
    } catch (...) {
      ::_exit(1);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST_CASE("row 68: killed at each of its calls, a save leaves the old file or the new one, and the next one sweeps") {
  const std::size_t calls = 7;  // wscnscc
  for (std::size_t k = 1; k <= calls + 1; ++k) {
    CAPTURE(k);
    const TemporaryFolder folder;
    write_bytes(folder / "a", bytes("old"));
    const int status = status_of_child([&] {
      const WithFaults with({.kill_at = k});
      write(folder / "a", bytes("new"));
    });
    CHECK(status == (k <= calls ? 128 + SIGKILL : 0));
    CHECK(read_bytes(folder / "a") == bytes(k <= 4 ? "old" : "new"));  // the fourth call is the renaming
    CHECK(folder.names().size() == (k <= 4 ? 2 : 1));
    check_writable(folder / "a");
    CHECK(folder.names() == std::vector<std::string>{"a"});
  }
}

TEST_CASE("row 68: what is no leftover of this file, or is being written, stays") {
  const TemporaryFolder folder;
  for (const char* name : {"a.1.tmp", "a.22.tmp", "a.x.tmp", "a..tmp", "a.1.tmp.tmp", "b.1.tmp", "a.1", "aa.1.tmp"})
    write_bytes(folder / name, bytes("x"));
  std::filesystem::create_directory(folder / "a.3.tmp");
  std::filesystem::create_symlink("b.1.tmp", folder / "a.4.tmp");
  const int held = ::open((folder / "a.22.tmp").c_str(), O_WRONLY);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  write(folder / "a", bytes("x"));
  CHECK_FALSE(std::filesystem::exists(folder / "a.1.tmp"));
  CHECK(folder.names().size() == 10);
  ::close(held);
  write(folder / "a", bytes("x"));
  CHECK_FALSE(std::filesystem::exists(folder / "a.22.tmp"));
  CHECK(folder.names().size() == 9);
}

TEST_CASE("row 68: those who write the same file at once do not sweep each other's") {
  const TemporaryFolder folder;
  std::atomic<int> failed = 0;
  std::vector<std::thread> writers;
  for (std::uint8_t i = 0; i < 4; ++i)  // a lock is as good between threads as between processes
    writers.emplace_back([&folder, &failed, i] {
      for (int round = 0; round < 50; ++round) try {
          write(folder / "a", Bytes(1000, i));
        } catch (const tinynet::Error&) {
          ++failed;
        }
    });
  for (std::thread& writer : writers) writer.join();
  CHECK(failed == 0);
  CHECK(folder.names() == std::vector<std::string>{"a"});
  const Bytes content = read_bytes(folder / "a");
  CHECK(content == Bytes(1000, content[0]));
}

#endif

TEST_CASE("a file is read as it is") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", bytes("one\ntwo\r\n\x1a"));
  FileSource source(folder / "a");
  CHECK(source.size() == 10u);
  CHECK(source.path() == folder / "a");
  std::array<std::uint8_t, 4> to{};
  CHECK(source.read(to) == 4);
  CHECK(to == std::array<std::uint8_t, 4>{'o', 'n', 'e', '\n'});
  CHECK(read_all(folder / "a") == bytes("one\ntwo\r\n\x1a"));
  write_bytes(folder / "empty", {});
  CHECK(read_all(folder / "empty").empty());
}

TEST_CASE("row 21: a missing file") {
  const TemporaryFolder folder;
  const auto error = error_of([&] { FileSource(folder / "none"); });
  CHECK(error.code() == ErrorCode::io);
  CHECK(well_formed(error, folder / "none"));
  CHECK(mentions(error, "cannot be opened; found No such file"));
}

TEST_CASE("row 22: a directory") {
  const TemporaryFolder folder;
  for (const auto& error :
       {error_of([&] { FileSource(folder.path()); }), error_of([&] { write(folder.path(), bytes("x")); }),
        error_of([&] { check_writable(folder.path()); })}) {
    CHECK(error.code() == ErrorCode::io);
    CHECK(well_formed(error, folder.path()));
    CHECK(mentions(error, "not a regular file; expected a regular file, found a directory"));
  }
}

TEST_CASE("row 28: strange names") {
  const TemporaryFolder folder;
  for (const std::string name : {"-x", "a b", "\xC3\xA9"}) {
    write(folder / name, bytes("x"));
    CHECK(read_all(folder / name) == bytes("x"));
  }
  const std::string nul("a\0b", 3);
  write_bytes(folder / "a", bytes("x"));
  for (const std::string& name : {std::string(), folder / nul}) {
    CHECK(error_of([&] { FileSource{name}; }).code() == ErrorCode::io);
    CHECK(error_of([&] { write(name, bytes("x")); }).code() == ErrorCode::io);
  }
  CHECK(read_bytes(folder / "a") == bytes("x"));
  const auto error = error_of([&] { FileSource(folder / "a\nb\x1b[2J"); });
  CHECK(mentions(error, "a\\x0ab\\x1b[2J"));
  CHECK(std::string(error.what()).find('\n') == std::string::npos);
  CHECK(error_of([&] { FileSource(folder / std::string(5000, 'x')); }).code() == ErrorCode::io);
  for (const std::size_t length : {256u, 300u, 5000u}) {
    const std::string name = folder / std::string(length, 'x');
    for (const auto& found : {error_of([&] { write(name, bytes("x")); }), error_of([&] { check_writable(name); })}) {
      CHECK(found.code() == ErrorCode::io);
      CHECK(well_formed(found, name));
    }
  }
  CHECK(folder.names().size() == 4);
}

TEST_CASE("a new file, an old one replaced, several parts, none") {
  const TemporaryFolder folder;
  const Bytes one = bytes("one"), two = bytes("two");
  write_file(folder / "a", {one, {}, two});
  CHECK(read_bytes(folder / "a") == bytes("onetwo"));
  write(folder / "a", one);
  CHECK(read_bytes(folder / "a") == one);
  write_file(folder / "a", {});
  CHECK(read_bytes(folder / "a").empty());
  CHECK(folder.names() == std::vector<std::string>{"a"});
}

TEST_CASE("a file in the working folder, named without one") {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write("a", bytes("x"));
  const Bytes found = read_all("a");
  std::filesystem::current_path(before);
  CHECK(found == bytes("x"));
}

TEST_CASE("a folder that is not there") {
  const TemporaryFolder folder;
  for (const auto& error : {error_of([&] { write(folder / "none/a", bytes("x")); }),
                            error_of([&] { check_writable(folder / "none/a"); })}) {
    CHECK(error.code() == ErrorCode::io);
    CHECK(well_formed(error, folder / "none/a"));
  }
  CHECK(folder.names().empty());
}

TEST_CASE("whether a file can be written is found out without a trace") {
  const TemporaryFolder folder;
  check_writable(folder / "a");
  CHECK(folder.names().empty());
  write_bytes(folder / "a", bytes("x"));
  check_writable(folder / "a");
  CHECK(read_bytes(folder / "a") == bytes("x"));
  CHECK(folder.names().size() == 1);
  CHECK(error_of([&] { check_writable(folder / "a/b"); }).code() == ErrorCode::io);
}

#ifndef _WIN32

TEST_CASE("a name as long as the file system takes") {
  const TemporaryFolder folder;
  const std::string name(255, 'x');
  write(folder / name, bytes("x"));
  CHECK(read_all(folder / name) == bytes("x"));
}

TEST_CASE("row 24: pipes, devices and sockets are refused without waiting") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = folder / "socket";
  REQUIRE(socket_path.size() < sizeof address.sun_path);
  socket_path.copy(address.sun_path, socket_path.size());
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);

  const auto start = std::chrono::steady_clock::now();
  for (const std::string& path : {folder / "fifo", socket_path, std::string("/dev/zero"), std::string("/dev/null")}) {
    CAPTURE(path);
    for (const auto& error : {error_of([&] { FileSource{path}; }), error_of([&] { write(path, bytes("x")); }),
                              error_of([&] { check_writable(path); })}) {
      CHECK(error.code() == ErrorCode::io);
      CHECK(well_formed(error, path));
      CHECK(mentions(error, "not a regular file; expected a regular file, found a pipe, socket or device"));
    }
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  ::close(socket);
}

TEST_CASE("row 23: no permission to read, to replace, or to make a file") {
  const TemporaryFolder folder;
  write_bytes(folder / "secret", bytes("x"));
  ::chmod((folder / "secret").c_str(), 0200);
  write_bytes(folder / "fixed", bytes("x"));
  ::chmod((folder / "fixed").c_str(), 0444);
  std::filesystem::create_directory(folder / "closed");
  ::chmod((folder / "closed").c_str(), 0555);
  const bool root = ::getuid() == 0;  // root may do everything: this test becomes somebody else
  if (root) REQUIRE(::setresuid(65534, 65534, 0) == 0);
  const auto read_error = error_of([&] { FileSource(folder / "secret"); });
  const auto fixed_error = error_of([&] { write(folder / "fixed", bytes("y")); });
  const auto closed_error = error_of([&] { write(folder / "closed/a", bytes("y")); });
  const auto fixed_check = error_of([&] { check_writable(folder / "fixed"); });
  const auto closed_check = error_of([&] { check_writable(folder / "closed/a"); });
  if (root) REQUIRE(::setresuid(0, 0, 0) == 0);
  for (const auto* error : {&read_error, &fixed_error, &closed_error, &fixed_check, &closed_check}) {
    CHECK(error->code() == ErrorCode::io);
    CHECK(mentions(*error, "Permission denied"));
  }
  CHECK(well_formed(read_error, folder / "secret"));
  CHECK(mentions(fixed_error, "write-protected"));
  CHECK(read_bytes(folder / "fixed") == bytes("x"));
  CHECK(std::filesystem::is_empty(folder / "closed"));
  ::chmod((folder / "closed").c_str(), 0755);
}

TEST_CASE("row 67: the old file's permissions are kept, a new file's are those of the umask") {
  const TemporaryFolder folder;
  const auto old_mask = ::umask(027);
  write(folder / "new", bytes("x"));
  ::umask(old_mask);
  CHECK(has_permissions(folder / "new", 0640));
  for (const unsigned mode : {0664u, 0600u, 0755u}) {
    ::chmod((folder / "new").c_str(), static_cast<mode_t>(mode));
    write(folder / "new", bytes("y"));
    CHECK(has_permissions(folder / "new", mode));
  }
}

TEST_CASE("a link is followed, and stays a link") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  write_bytes(folder / "sub/a", bytes("old"));
  std::filesystem::create_symlink("sub/a", folder / "link");
  write(folder / "link", bytes("new"));
  CHECK(read_bytes(folder / "sub/a") == bytes("new"));
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(read_all(folder / "link") == bytes("new"));

  std::filesystem::create_symlink("none", folder / "dangling");
  CHECK(error_of([&] { FileSource(folder / "dangling"); }).code() == ErrorCode::io);
  write(folder / "dangling", bytes("x"));
  CHECK(read_all(folder / "none") == bytes("x"));
  CHECK(std::filesystem::is_symlink(folder / "dangling"));

  std::filesystem::create_symlink(folder / "sub/later", folder / "sub/second");
  std::filesystem::create_symlink("sub/second", folder / "first");
  check_writable(folder / "first");
  write(folder / "first", bytes("y"));
  CHECK(read_bytes(folder / "sub/later") == bytes("y"));
  CHECK(std::filesystem::is_symlink(folder / "first"));
  CHECK(std::filesystem::is_symlink(folder / "sub/second"));

  std::filesystem::create_symlink("nowhere/a", folder / "lost");
  std::filesystem::create_symlink("round", folder / "round");
  for (const char* name : {"lost", "round"}) {
    CHECK(error_of([&] { write(folder / name, bytes("x")); }).code() == ErrorCode::io);
    CHECK(error_of([&] { check_writable(folder / name); }).code() == ErrorCode::io);
    CHECK(std::filesystem::is_symlink(folder / name));
  }
}

#endif
