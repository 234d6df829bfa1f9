#include "lists.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tinynet/core/error.hpp>

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::vector<std::string> list_from_json(const Setting& setting, const Json& json, const Place& place) {
  if (!json.is_array() || json.empty())
    place.refuse("expected an array of values, each " + type_name(setting) + ", found " + shown(json));
  std::vector<std::string> list;
  for (std::size_t i = 0; i < json.size(); ++i) {
    std::string value = value_from_json(setting, json[i], place.element(i));
    if (contains(list, value)) place.element(i).refuse(shown(json[i]) + " is there twice");
    list.push_back(std::move(value));
  }
  return list;
}

/// How many configurations the lists give; more than `most` is that.
std::size_t count(const Lists& lists, std::size_t most) {
  std::size_t product = 1;
  for (const auto& [name, list] : lists) product = std::min(product * list.size(), most);
  return product;
}

/// The values of the combination with this number; the last setting changes fastest.
Values combination(const Lists& lists, std::size_t number) {
  Values values;
  for (auto s = settings().rbegin(); s != settings().rend(); ++s)
    if (const auto list = lists.find(s->name); list != lists.end()) {
      values[s->name] = list->second[number % list->second.size()];
      number /= list->second.size();
    }
  return values;
}

}  // namespace

std::vector<std::string> split(const std::string& name, const std::string& text) {
  std::vector<std::string> list;
  const char between = name == "hidden" ? ';' : ',';
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(between, begin), text.size());
    std::string value = canonical(name, text.substr(begin, end - begin));
    if (contains(list, value)) throw Error(ErrorCode::usage, "--" + name + ": " + value + " is there twice");
    list.push_back(std::move(value));
    begin = end + 1;
  }
  return list;
}

std::vector<Part> read_lists(const std::string& file) {
  const Place top{.file = file};
  const Json json = parse_json(read_text(file, std::uint64_t{16} << 20), top);
  if (!json.is_object()) top.refuse("expected an object, found " + shown(json));
  std::vector<Part> parts;
  if (json.contains("runs")) {
    const Json& runs = json["runs"];
    const Place place = top.member("runs");
    if (json.size() > 1) place.refuse("expected to be the only key, found " + std::to_string(json.size()) + " keys");
    if (!runs.is_array() || runs.empty()) place.refuse("expected an array of objects, found " + shown(runs));
    for (std::size_t i = 0; i < runs.size(); ++i) {
      Part part{{}, place.element(i)};
      for (const auto& [name, value] : values_from_json(runs[i], part.place)) part.lists[name] = {value};
      parts.push_back(std::move(part));
    }
    return parts;
  }
  Part part{{}, top};
  for (const auto& [name, list] : json.items()) {
    const Setting* const setting = find_setting(name);
    if (setting == nullptr) top.member(name).refuse("unknown key; expected runs, or some of " + setting_names());
    part.lists[name] = list_from_json(*setting, list, top.member(name));
  }
  parts.push_back(std::move(part));
  return parts;
}

std::vector<Configuration> combinations(const std::vector<Part>& parts, const Lists& instead) {
  constexpr std::size_t most = 100'000;
  std::vector<Configuration> result;
  std::map<std::string, std::string> seen;  // the parts by their configurations' keys
  for (const Part& part : parts) {
    Lists lists = instead;
    lists.insert(part.lists.begin(), part.lists.end());
    const std::size_t number = count(lists, most + 1);
    if (result.size() + number > most)
      throw Error(ErrorCode::usage, "more than " + std::to_string(most) + " configurations");
    for (std::size_t i = 0; i < number; ++i) {
      result.push_back(configuration(combination(lists, i)));
      const auto [same, is_new] = seen.emplace(key(result.back()), part.place.key);
      if (!is_new) part.place.refuse("the same configuration as " + same->second + ": " + same->first);
    }
  }
  return result;
}

}  // namespace sweep
