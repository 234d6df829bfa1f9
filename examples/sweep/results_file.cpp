#include "results_file.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <tinynet/io/file.hpp>
#include <tinynet/io/stored_tensor.hpp>
#include <utility>

#include "../mnist/checks.hpp"
#include "result_line.hpp"

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

constexpr std::string_view start_of_line = R"({"configuration":{)";

/// The file in the folder, which is made.
std::string file_in(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw Error({.code = ErrorCode::io, .path = folder, .what = "cannot be made a folder", .actual = error.message()});
  std::string path = (std::filesystem::path(folder) / "results.jsonl").string();
  mnist::check_output(path);
  return path;  // the lock makes it
}

/// Appends to the file and brings it to the disk.
void append(const std::string& path, const std::string& text) {
  const auto fail = [&](const char* what) { tinynet::detail::io_error(path, what, errno); };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "ab"), std::fclose);
  if (!file) fail("cannot be opened");
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0)
    fail("cannot be written to its end");
#ifdef _WIN32
  const int descriptor = _fileno(file.get());
#else
  const int descriptor = fileno(file.get());
#endif
  if (tinynet::detail::os::sync(descriptor) != 0) fail("cannot be brought to the disk");
}

}  // namespace

ResultsFile::ResultsFile(const std::string& folder, std::string data,
                         const std::function<void(const std::string&)>& note)
    : path_(file_in(folder)), data_(std::move(data)), lock_(path_, [this] {
        throw Error({.code = ErrorCode::io,
                     .path = path_,
                     .what = "another sweep is at work in this folder",
                     .hint = "Wait for its end, or give this one another folder with --out DIR"});
      }) {
  tinynet::detail::os::sync_folder(folder);  // the file's name, too, outlasts a power cut
  read(note);
}

void ResultsFile::read(const std::function<void(const std::string&)>& note) {
  const std::string text = read_text(path_, std::uint64_t{4} << 30);
  std::map<std::string, std::string> seen;  // lines by the keys of their configurations
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    const Place place{.file = path_, .offset = begin, .line = "line " + std::to_string(results_.size() + 1)};
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    results_.push_back(result_of(line, data_, place));
    const auto [same, is_new] = seen.emplace(key(results_.back().configuration), place.line);
    if (!is_new) place.refuse("the same configuration as in " + same->second + ": " + same->first);
  }
  if (begin == text.size()) return;
  const std::string_view rest = std::string_view(text).substr(begin);
  if (rest.substr(0, start_of_line.size()) != start_of_line.substr(0, rest.size()))
    Place{.file = path_, .offset = begin, .line = "line " + std::to_string(results_.size() + 1)}.refuse(
        "this is no result of a sweep, nor the beginning of one: " + shown(std::string(rest)));
  std::error_code error;
  std::filesystem::resize_file(path_, begin, error);
  if (error) tinynet::detail::io_error(path_, "cannot be shortened by its cut last line", error.value());
  note(path_ + ": the last line was cut when it was written; that configuration is trained again");
}

void ResultsFile::add(Result result) {
  append(path_, line_of(result, data_));
  results_.push_back(std::move(result));
}

}  // namespace sweep
