#include "results_file.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <system_error>
#include <tinynet/io/file.hpp>
#include <tinynet/io/stored_tensor.hpp>
#include <utility>

#include "../mnist/checks.hpp"
#include "../mnist/model.hpp"
#include "tidy.hpp"

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

constexpr std::string_view start_of_line = R"({"configuration":{)";

template <class Number>
Json tidy_list(const std::vector<Number>& numbers) {
  Json list = Json::array();
  for (const Number number : numbers) list.push_back(tidy(number));
  return list;
}

std::string line_of(const Result& r, const std::string& data) {
  Json json{{"configuration", to_json(r.configuration)},
            {"data", data},
            {"parameters", static_cast<std::int64_t>(mnist::net_size(r.configuration).parameters)},
            {"seconds", tidy(r.seconds)}};
  if (r.divergence) {
    json["diverged"] = {{"step", r.divergence->step}, {"why", r.divergence->why}};
  } else {
    json["train_loss"] = tidy(r.train_loss);
    json["test_loss"] = tidy(r.test_loss);
    json["accuracy"] = r.accuracy;
  }
  json["curve"] = {{"step", r.steps}, {"seconds", tidy_list(r.step_seconds)}, {"loss", tidy_list(r.losses)}};
  return json.dump() + "\n";
}

Result result_of(const Json& json, const std::string& data, const Place& place) {
  if (!json.is_object() || !json.contains("configuration"))
    place.refuse("this is no result of a sweep: " + shown(json));
  const Values values = values_from_json(json["configuration"], place.member("configuration"));
  const Configuration by_itself;
  for (const Setting& s : settings())  // the others may be left to the optimizer
    if (s.text(by_itself) && !values.contains(s.name)) place.member("configuration").refuse(s.name + " is missing");
  Result r;
  r.configuration = configuration(values);
  try {
    if (const auto found = json.at("data").get<std::string>(); found != data)
      place.refuse("a result on other data; expected data with the fingerprint " + data + ", found " + shown(found));
    json.at("seconds").get_to(r.seconds);
    if (json.contains("diverged")) {
      r.divergence = {json["diverged"].at("step"), json["diverged"].at("why")};
    } else {
      json.at("train_loss").get_to(r.train_loss);
      json.at("test_loss").get_to(r.test_loss);
      json.at("accuracy").get_to(r.accuracy);
    }
    const Json& curve = json.at("curve");
    curve.at("step").get_to(r.steps);
    curve.at("seconds").get_to(r.step_seconds);
    curve.at("loss").get_to(r.losses);
  } catch (const Json::exception& error) {
    const std::string_view what = error.what();  // "[...] what is wrong"
    place.refuse("this is no result of a sweep: " +
                 tinynet::detail::printable(what.substr(std::min(what.find("] "), what.size() - 2) + 2)));
  }
  if (r.step_seconds.size() != r.steps.size() || r.losses.size() != r.steps.size())
    place.member("curve").refuse("expected lists of one length, found " + std::to_string(r.steps.size()) + ", " +
                                 std::to_string(r.step_seconds.size()) + " and " + std::to_string(r.losses.size()));
  return r;
}

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
    results_.push_back(result_of(parse_json(line, place), data_, place));
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
