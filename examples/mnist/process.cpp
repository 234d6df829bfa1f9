#include "process.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <tinynet/core/error.hpp>
#include <utility>

#ifdef _WIN32

#include <io.h>

#include <cstdio>

// On Windows no other program is run: the data come from a folder, or are drawn here.
namespace mnist {

ProcessResult run_process(const std::vector<std::string>&, ProcessOptions) { return {}; }
FileLock::FileLock(const std::filesystem::path&, const std::function<void()>&, const std::string&) {}
FileLock::~FileLock() = default;
void FileLock::sign() const {}
std::string FileLock::signature(const std::filesystem::path&) { return {}; }
void guard_standard_streams() {}
bool stderr_is_terminal() { return _isatty(_fileno(stderr)) != 0; }
int stdout_columns() { return 80; }
int stderr_columns() { return 80; }

}  // namespace mnist

#else

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

extern char** environ;

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

[[noreturn]] void throw_errno(const std::string& what, int error) {
  throw Error(ErrorCode::io, what + ": " + std::strerror(error));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    fd_ = other.release();
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int release() { return std::exchange(fd_, -1); }

  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw_errno("cannot make a pipe", errno);
  // The child gets its ends by dup2, which clears the flag; nothing else may inherit them.
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// What the child's three streams are connected to, and how it is started.
struct SpawnPlan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  SpawnPlan(int in, int out, int err) {
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    // We ignore these two; the child should not inherit that.
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

/// Moves what can be read to `text`; closes `from` at its end.
void drain(Descriptor& from, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
  if (n > 0)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  else if (n == 0 || errno != EINTR)
    from.close();
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& command, ProcessOptions options) {
  std::span<const char> input = options.input;
  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe();
  if (input.empty()) in.write.close();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  pid_t child = 0;
  {
    const SpawnPlan plan(in.read.get(), out.write.get(), err.write.get());
    const int error = ::posix_spawnp(&child, arguments[0], &plan.files, &plan.attributes, arguments.data(), environ);
    if (error == ENOENT || error == EACCES) return {};
    if (error != 0) throw_errno("cannot run " + command[0], error);
  }
  in.read.close();
  out.write.close();
  err.write.close();
  if (in.write) ::fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  ProcessResult result;
  result.started = true;
  while (out.read || err.read || in.write) {
    std::array<pollfd, 3> ends{pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0},
                               pollfd{in.write.get(), POLLOUT, 0}};
    ::poll(ends.data(), ends.size(), options.tick ? 100 : -1);
    if (options.tick) options.tick(result.out.size());
    if (ends[0].revents != 0) drain(out.read, result.out);
    if (result.out.size() > options.most_output) {
      result.too_much = true;
      out.read.close();  // its next write fails
      result.out.clear();
    }
    if (ends[1].revents != 0) drain(err.read, result.err);
    if (ends[2].revents != 0) {
      const ssize_t n = ::write(in.write.get(), input.data(), input.size());
      if (n > 0) input = input.subspan(static_cast<std::size_t>(n));
      if (input.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) in.write.close();
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

namespace {

/// Whether the file is still the one that has this name: who held the lock before may have removed it.
bool is_named(int file, const std::filesystem::path& path) {
  struct stat here {
  }, there{};
  return ::fstat(file, &here) == 0 && ::stat(path.c_str(), &there) == 0 && here.st_ino == there.st_ino &&
         here.st_dev == there.st_dev;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& path, const std::function<void()>& waiting, const std::string& hint)
    : path_(path) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (file_ >= 0) ::close(file_);
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0)
      throw Error({.code = ErrorCode::io,
                   .path = path.string(),
                   .what = std::string("cannot be locked: ") + std::strerror(errno),
                   .hint = hint});
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) waiting();
      // A file system that has no locks (some network ones) is used without: the worst is a second download.
      while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {}
    }
    if (is_named(file_, path)) return;
  }
}

void FileLock::sign() const {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string text = "process " + std::to_string(::getpid()) + " on " + host.data() + "\n";
  if (::ftruncate(file_, 0) != 0 || ::write(file_, text.data(), text.size()) < 0) return;  // it is only for people
}

std::string FileLock::signature(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return tinynet::detail::printable(line);
}

FileLock::~FileLock() {
  if (file_ >= 0 && !remove_.empty()) ::unlink(remove_.c_str());  // while it is held: nobody else's
  if (file_ >= 0) ::close(file_);
}

void guard_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow further is an error of its write
  // The lowest free number is given to the next file; here it gets one that cannot be written.
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) std::abort();
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

namespace {

int columns_of(int terminal) {
  winsize size{};
  return ::ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

int stdout_columns() { return columns_of(STDOUT_FILENO); }
int stderr_columns() { return columns_of(STDERR_FILENO); }

}  // namespace mnist

#endif
