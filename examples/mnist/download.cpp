#include "download.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <span>
#include <sstream>
#include <string_view>
#include <tinynet/data/gzip.hpp>
#include <tinynet/io/file.hpp>
#include <vector>

#include "environment.hpp"
#include "process.hpp"
#include "published_files.hpp"
#include "sha256.hpp"

namespace mnist {
namespace {

namespace fs = std::filesystem;
using tinynet::Error;
using tinynet::ErrorCode;

constexpr std::array<std::string_view, 3> public_mirrors{
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
};

/// The public mirrors, or those of TINYNET_MNIST_MIRRORS (addresses with a blank between them).
std::vector<std::string> mirrors() {
  std::istringstream own(environment("TINYNET_MNIST_MIRRORS"));
  std::vector<std::string> list;
  for (std::string mirror; own >> mirror;) list.push_back(mirror.ends_with('/') ? mirror : mirror + '/');
  if (list.empty()) list.assign(public_mirrors.begin(), public_mirrors.end());
  return list;
}

/// A number of seconds that tests shorten.
std::string seconds(const char* variable, const char* usual) {
  const std::string text = environment(variable);
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? text : usual;
}

/// What is wrong with some bytes that should be this file; empty if they are it.
std::string difference(const PublishedFile& file, std::span<const std::uint8_t> bytes) {
  if (bytes.size() != file.size)
    return "wrong size; expected " + std::to_string(file.size) + " bytes, found " +
           (bytes.size() > file.size ? "more" : std::to_string(bytes.size()));
  const std::string found = sha256(std::as_bytes(bytes));
  return found == file.sha256 ? "" : "wrong SHA-256; expected " + std::string(file.sha256) + ", found " + found;
}

/// Some bytes, unpacked if they are gzip, and one byte more than this file should have at most.
std::vector<std::uint8_t> unpack(tinynet::ByteSource& source, const PublishedFile& file) {
  tinynet::GzipSource content(source);
  std::vector<std::uint8_t> bytes(file.size + 1);
  bytes.resize(content.read(bytes));
  return bytes;
}

/// What was sent if it is neither gzip nor IDX (both are welcome); empty if it is.
std::string what_instead(std::string_view bytes) {
  if (bytes.starts_with("\x1F\x8B") || bytes.starts_with(std::string_view("\0\0", 2))) return "";
  const std::size_t start = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (start == bytes.npos) return "got nothing";
  const std::string shown = tinynet::detail::printable(bytes.substr(start, 16));
  return (bytes[start] == '<' ? "got HTML (first bytes `" : "got no gzip (first bytes `") + shown + "`)";
}

/// Appends what one address sends to `bytes`; returns why that failed, and nothing if it did not.
std::string transfer(const std::string& url, const PublishedFile& file, std::string& bytes, Console& console) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return "not an address that begins with https://";
  const std::string protocols = secure ? "=https" : "=http,https";
  const std::vector<std::string> command{"curl", "--disable", "--silent", "--show-error", "--fail", "--globoff",
                                         // A redirection must not lead from https to http.
                                         "--location", "--max-redirs", "5", "--proto", protocols, "--proto-redir",
                                         protocols,
                                         // A transfer of less than 1 kB/s for this long has stalled.
                                         "--connect-timeout", seconds("TINYNET_CONNECT_SECONDS", "10"), "--speed-limit",
                                         "1000", "--speed-time", seconds("TINYNET_STALL_SECONDS", "30"), "--url", url};

  const std::size_t most = 2 * file.size + 4096;  // not even gzip makes it larger
  ProcessOptions options{.most_output = most};
  if (console.shows_progress())
    options.tick = [&](std::size_t received) {
      console.progress("download " + std::string(file.name), "B", static_cast<double>(received),
                       static_cast<double>(file.packed_size));
    };
  ProcessResult curl = run_process(command, options);
  console.clear_progress();
  if (curl.too_much) return "sends more than " + std::to_string(most) + " bytes";
  bytes = std::move(curl.out);
  if (!curl.started) return "the program curl is not installed";
  if (curl.status == 0) return "";
  // "curl: (6) Could not resolve host: ..."
  std::string why = curl.err.substr(0, curl.err.find('\n'));
  if (const std::size_t number = why.find(") "); why.starts_with("curl: (") && number != std::string::npos)
    why.erase(0, number + 2);
  return why.empty() ? "curl ended with status " + std::to_string(curl.status) : why;
}

constexpr const char* data_hint = "Give the folder of the data with --data DIR";

/// Writes into the cache. Throws Error (io) that says how to do without.
void keep(const fs::path& path, std::span<const std::uint8_t> content) {
  try {
    tinynet::write_file(path.string(), {content});
  } catch (const Error& error) {
    throw Error(ErrorCode::io, std::string(error.what()) + ". " + data_hint);
  }
}

/// Why the bytes that were sent are not this file, which has its place in the cache if they are.
std::string unpack_into(const fs::path& path, const PublishedFile& file, std::span<const std::uint8_t> bytes) {
  try {
    tinynet::MemorySource source(bytes, "");
    const std::vector<std::uint8_t> content = unpack(source, file);
    std::string why = difference(file, content);
    if (why.empty()) keep(path, content);
    return why;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::data) throw;
    return error.what();
  }
}

/// Brings a file from a mirror into the cache; returns why that failed, and nothing if it did not.
std::string fetch(const std::string& mirror, const PublishedFile& file, const fs::path& folder, Console& console) {
  const std::string url = mirror + std::string(file.name) + ".gz";
  std::string text;
  if (std::string why = transfer(url, file, text, console); !why.empty()) return why;
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const fs::path path = folder / file.name;
  std::string why = what_instead(text);
  if (why.empty()) why = unpack_into(path, file, bytes);
  if (why.empty() || !is_set("TINYNET_KEEP_BAD")) return why;
  keep(path.string() + ".bad", bytes);
  return why + " (kept as " + path.string() + ".bad)";
}

/// What is wrong with a file of the cache; empty if nothing is.
std::string cached_file_problem(const fs::path& path, const PublishedFile& file) {
  std::error_code error;
  if (!fs::exists(path, error)) return "there is no " + path.string();
  try {
    tinynet::FileSource source(path.string());
    const std::string why = difference(file, unpack(source, file));
    return why.empty() ? "" : path.string() + " is damaged: " + why;
  } catch (const Error& damage) {
    if (damage.code() != ErrorCode::data) throw;
    return damage.what();
  }
}

/// What killed processes have left. Nobody else writes there while we hold the lock.
void sweep(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == ".tmp") fs::remove(entry.path(), ignored);
}

}  // namespace

std::string cache_folder() {
#ifdef _WIN32
  const fs::path base = environment("LOCALAPPDATA");
#else
  fs::path base = environment("XDG_CACHE_HOME");
  if (!base.is_absolute()) {  // the specification says to ignore it then
    base = environment("HOME");
    if (!base.empty()) base /= ".cache";
  }
#endif
  if (base.empty())
    throw Error(ErrorCode::io, "no folder for a cache: neither XDG_CACHE_HOME nor HOME is set. Give --data DIR");
  return (base / "tinynet" / "mnist").string();
}

std::string cache_problem(const std::string& folder) {
  for (const PublishedFile& file : mnist_files)
    if (std::string why = cached_file_problem(fs::path(folder) / file.name, file); !why.empty()) return why;
  return "";
}

void fill_cache(const std::string& folder, Console& console) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error({.code = ErrorCode::io,
                 .path = folder,
                 .what = "the cache cannot be made: " + error.message(),
                 .hint = data_hint});

  const FileLock lock(
      fs::path(folder) / ".lock", [&] { console.note("waiting for another process's download"); }, data_hint);
  sweep(folder);
  const std::vector<std::string> addresses = mirrors();
  std::size_t preferred = 0;  // the mirror that worked last is asked first
  for (const PublishedFile& file : mnist_files) {
    const fs::path path = fs::path(folder) / file.name;
    const std::string problem = cached_file_problem(path, file);
    if (problem.empty()) continue;
    std::error_code missing;
    if (fs::exists(path, missing)) console.note(problem + ". It will be replaced");
    std::string failures;
    bool done = false;
    for (std::size_t i = 0; i < addresses.size() && !done; ++i) {
      const std::size_t mirror = (preferred + i) % addresses.size();
      const std::string why = fetch(addresses[mirror], file, folder, console);
      done = why.empty();
      if (done)
        preferred = mirror;
      else
        failures += "; " + addresses[mirror] + std::string(file.name) + ".gz: " + why;
    }
    if (!done) throw Error(ErrorCode::download, failures.substr(2));
    if (!failures.empty()) console.note("another mirror helped: " + failures.substr(2));
  }
}

std::string by_hand() {
  std::string text = "Fetch by hand and give the folder with --data DIR:";
  for (const PublishedFile& file : mnist_files)
    text += (file.name == mnist_files[0].name ? " " : ", ") + std::string(public_mirrors[0]) + std::string(file.name) +
            ".gz (SHA-256 of the unpacked bytes " + std::string(file.sha256) + ")";
  return text;
}

}  // namespace mnist
