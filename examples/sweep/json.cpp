#include "json.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <tinynet/io/file.hpp>
#include <vector>

namespace sweep {

Place Place::member(const std::string& name) const {
  Place result = *this;
  result.key += (key.empty() ? "" : ".") + tinynet::detail::printable(name);
  return result;
}

Place Place::element(std::size_t index) const {
  Place result = *this;
  result.key += "[" + std::to_string(index) + "]";
  return result;
}

void Place::refuse(const std::string& what) const {
  throw tinynet::Error({.path = file, .offset = offset, .field = line, .what = (key.empty() ? "" : key + ": ") + what});
}

std::string read_text(const std::string& path, std::uint64_t most) {
  tinynet::FileSource source(path);
  const std::uint64_t size = *source.size();
  if (size > most)
    throw tinynet::Error({.path = path,
                          .what = "the file is too large",
                          .expected = "at most " + std::to_string(most) + " bytes",
                          .actual = std::to_string(size)});
  std::string text(static_cast<std::size_t>(size), '\0');
  text.resize(source.read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  return text;
}

Json parse_json(std::string_view text, const Place& place) {
  std::vector<std::set<std::string>> keys;  // of the objects that we are in
  const auto watch = [&](int depth, Json::parse_event_t event, Json& json) {
    constexpr int deepest = 8;  // what is written out again calls itself for each level
    if (depth > deepest) place.refuse("more than " + std::to_string(deepest) + " levels of brackets");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(json.get<std::string>()).second)
      place.refuse("the key " + shown(json) + " is there twice");
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::parse_error& error) {  // "[...] parse error at line 1, column 2: what is wrong"
    const std::string message = error.what();
    Place at = place;
    at.offset = place.offset.value_or(0) + (error.byte == 0 ? 0 : error.byte - 1);
    const std::size_t colon = message.find(": ");
    at.refuse("this is not JSON: " +
              tinynet::detail::printable(colon == message.npos ? message : message.substr(colon + 2)));
  } catch (const Json::exception& error) {  // a number that is too large
    const std::string message = error.what();
    place.refuse("this is not JSON that can be read: " +
                 tinynet::detail::printable(message.substr(std::min(message.find("] "), message.size() - 2) + 2)));
  }
}

std::string shown(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr std::size_t most = 60;
  return tinynet::detail::printable(text.size() <= most ? text : text.substr(0, most) + "...");
}

}  // namespace sweep
