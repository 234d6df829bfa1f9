// Row 69: the power fails at any moment of a save. What a disk has not been told to bring to safety it may then have or
// not, in any order: here in all combinations.
#if defined(__linux__) && !defined(__SANITIZE_THREAD__)  // which must see for itself what is opened and closed
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tinynet/io/file.hpp>
#include <vector>

#include "temporary_folder.hpp"

using test::Bytes;
using test::bytes;
using test::TemporaryFolder;

namespace {

/// What a save does to the disk; files go by their names in the folder.
struct Call {
  enum Kind { create, write, sync, rename, remove, sync_folder } kind;
  std::string name, to = {};
  Bytes data = {};
};

std::vector<Call> calls;
std::string recorded;  // the folder; empty: nothing is recorded
std::map<int, std::string> open_files;

std::string name_in_folder(const char* path) {
  const std::filesystem::path whole(path);
  return whole.parent_path() == recorded ? whole.filename().string() : std::string();
}

}  // namespace

// This program's own calls stand before those of the C library, and write down what they do.
extern "C" {
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : mode_t{0};
  va_end(arguments);
  const auto file = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (recorded.empty() || file < 0) return file;
  open_files[file] = path == recorded ? "." : name_in_folder(path);
  if ((flags & O_CREAT) != 0) calls.push_back({Call::create, name_in_folder(path)});
  return file;
}
ssize_t write(int file, const void* from, size_t n) {
  const auto written = syscall(SYS_write, file, from, n);
  if (!recorded.empty()) {
    const auto* const first = static_cast<const std::uint8_t*>(from);
    calls.push_back({Call::write, open_files[file], {}, Bytes(first, first + written)});
  }
  return written;
}
int fsync(int file) {
  if (!recorded.empty()) calls.push_back({open_files[file] == "." ? Call::sync_folder : Call::sync, open_files[file]});
  return static_cast<int>(syscall(SYS_fsync, file));
}
int rename(const char* from, const char* to) noexcept {
  if (!recorded.empty()) calls.push_back({Call::rename, name_in_folder(from), name_in_folder(to)});
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}
int unlink(const char* path) noexcept {
  if (!recorded.empty()) calls.push_back({Call::remove, name_in_folder(path)});
  return ::unlinkat(AT_FDCWD, path, 0);
}
}

namespace {

using Content = std::optional<Bytes>;  // of a file, if there is one
constexpr const char* target = "file";

/// A disk as the program sees it, with what is not safe yet.
class Disk {
 public:
  explicit Disk(const Content& old) {
    if (old) files_.push_back({*old, {}});
    if (old) now_[target] = safe_[target] = 0;
  }

  void make(const Call& call) {
    switch (call.kind) {
      case Call::create:
        now_[call.name] = files_.size();
        files_.push_back({});
        waiting_.push_back({call.name, files_.size() - 1});
        break;
      case Call::write:
        files_[now_.at(call.name)].waiting.push_back(call.data);
        break;
      case Call::sync:
        for (const Bytes& part : files_[now_.at(call.name)].waiting) append(files_[now_.at(call.name)].safe, part);
        files_[now_.at(call.name)].waiting.clear();
        break;
      case Call::rename:
        waiting_.push_back({call.to, now_.at(call.name), call.name});
        now_[call.to] = now_.at(call.name);
        now_.erase(call.name);
        break;
      case Call::remove:
        waiting_.push_back({.gone = call.name});
        now_.erase(call.name);
        break;
      case Call::sync_folder:
        safe_ = now_;
        waiting_.clear();
    }
  }

  /// All contents that `target` may have when the power comes back.
  std::set<Content> after_power_cut() const {
    std::set<Content> all;
    for (std::size_t kept = 0; kept < std::size_t{1} << waiting_.size(); ++kept) {
      auto names = safe_;
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if ((kept >> i & 1) == 0) continue;
        if (!waiting_[i].gone.empty()) names.erase(waiting_[i].gone);
        if (!waiting_[i].name.empty()) names[waiting_[i].name] = waiting_[i].file;
      }
      if (names.contains(target))
        add_contents(files_[names.at(target)], 0, files_[names.at(target)].safe, all);
      else
        all.insert(std::nullopt);
    }
    return all;
  }

 private:
  struct File {
    Bytes safe;
    std::vector<Bytes> waiting;  // one write after another
  };
  struct NameChange {
    std::string name = {};  // is given to the file
    std::size_t file = 0;
    std::string gone = {};
  };

  static void append(Bytes& to, const Bytes& part) { to.insert(to.end(), part.begin(), part.end()); }

  /// Each write that waits is there, or zeros are in its place, or nothing from there on, or half of it.
  static void add_contents(const File& file, std::size_t next, const Bytes& content, std::set<Content>& all) {
    all.insert(content);
    if (next == file.waiting.size()) return;
    const Bytes& part = file.waiting[next];
    for (const std::size_t good : {part.size(), part.size() / 2, std::size_t{0}}) {
      Bytes longer = content;
      append(longer, part);
      std::fill(longer.end() - static_cast<std::ptrdiff_t>(part.size() - good), longer.end(), std::uint8_t{0});
      add_contents(file, next + 1, longer, all);
    }
  }

  std::vector<File> files_;
  std::map<std::string, std::size_t> now_, safe_;  // which file a name is for
  std::vector<NameChange> waiting_;                // not safe yet
};

/// What a save in several parts does in a folder with `old`, and with what a killed process has left.
std::vector<Call> record(const Content& old, const Bytes& first, const Bytes& second) {
  const TemporaryFolder folder;
  if (old) test::write_bytes(folder / target, *old);
  calls.clear();
  recorded = folder.path();
  tinynet::write_file(folder / target, {first, second, first});
  recorded.clear();
  return calls;
}

/// How many of the moments of a save there are at which the power must not fail: the file could be neither the old one
/// nor the new one, or, at the end, not the new one.
int bad_moments(const std::vector<Call>& made, const Content& old, const Content& fresh) {
  Disk disk(old);
  int bad = 0;
  for (std::size_t n = 0;; ++n) {
    const bool finished = n == made.size();
    bool good = true;
    for (const Content& found : disk.after_power_cut()) good &= found == fresh || (found == old && !finished);
    bad += good ? 0 : 1;
    if (finished) return bad;
    disk.make(made[n]);
  }
}

}  // namespace

TEST_CASE("row 69: the power fails at any moment: the file is the old one or the new one, after the save the new one") {
  const Bytes first = bytes("the first and the last part"), second = bytes("another");
  Bytes whole = first;
  whole.insert(whole.end(), second.begin(), second.end());
  whole.insert(whole.end(), first.begin(), first.end());
  for (const Content& old : {Content(bytes("what was there before")), Content(Bytes{}), Content()}) {
    const std::vector<Call> made = record(old, first, second);
    REQUIRE(made.size() == 7);  // create, three times write, sync, rename, sync_folder
    CHECK(bad_moments(made, old, whole) == 0);

    // The same would find a save that forgets something, or does it too late.
    const auto without = [&made](Call::Kind kind) {
      std::vector<Call> fewer = made;
      std::erase_if(fewer, [kind](const Call& call) { return call.kind == kind; });
      return fewer;
    };
    CHECK(bad_moments(without(Call::sync), old, whole) > 0);
    CHECK(bad_moments(without(Call::sync_folder), old, whole) == 1);
    std::vector<Call> late = made;
    std::swap(late[4], late[5]);
    for (Call& call : late)
      if (call.kind == Call::sync) call.name = target;
    CHECK(bad_moments(late, old, whole) > 0);
  }
}
#endif
