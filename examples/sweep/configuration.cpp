#include "configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "../mnist/shell_word.hpp"

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

bool is_number(const Json& json) { return json.is_number(); }

bool is_of(Setting::Kind kind, const Json& json) {
  if (kind == Setting::Kind::word) return json.is_string();
  if (kind == Setting::Kind::number) return json.is_number();
  return json.is_array() && std::all_of(json.begin(), json.end(), is_number);
}

}  // namespace

const Setting* find_setting(const std::string& name) {
  const auto found = std::find_if(settings().begin(), settings().end(), [&](const auto& s) { return s.name == name; });
  return found == settings().end() ? nullptr : &*found;
}

std::string setting_names() {
  std::string names;
  for (const Setting& s : settings()) names += (names.empty() ? "" : ", ") + s.name;
  return names;
}

std::string type_name(const Setting& setting) {
  return setting.kind == Setting::Kind::word     ? "a string"
         : setting.kind == Setting::Kind::number ? "a number"
                                                 : "an array of numbers";
}

std::string canonical(const std::string& name, const std::string& value) {
  return find_setting(name)->text(configuration({{name, value}})).value_or(value);
}

Configuration configuration(const Values& values) {
  std::vector<std::string> words{"mnist"};
  for (const auto& [name, value] : values) words.push_back("--" + name + "=" + value);
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  Configuration result = *mnist::parse_options(static_cast<int>(arguments.size()), arguments.data());
  if (result.steps == 0) throw Error(ErrorCode::usage, "--steps: expected a whole number above 0, found '0'");
  return result;
}

std::string key(const Configuration& c) {
  std::string text;
  for (const Setting& s : settings())
    if (const auto value = s.text(c)) text += (text.empty() ? "" : " ") + s.name + "=" + *value;
  return text;
}

std::string command(const Configuration& c, const mnist::Data& data) {
  std::string text = "mnist";
  for (const Setting& s : settings())
    if (const auto value = s.text(c)) text += " --" + s.name + " " + (value->empty() ? "\"\"" : *value);
  text += " --device cpu";
  if (data.train_images_file.empty()) return text + " --dataset " + data.name;
  std::error_code error;  // the name as it is will do where it is
  const std::filesystem::path folder = std::filesystem::absolute(data.origin, error);
  return text + " --data " + mnist::shell_word(error ? data.origin : folder.lexically_normal().string());
}

std::string value_from_json(const Setting& setting, const Json& json, const Place& place) {
  // A NUL would end the text early.
  if (!is_of(setting.kind, json) || (json.is_string() && json.get<std::string>().find('\0') != std::string::npos))
    place.refuse("expected " + type_name(setting) + ", found " + shown(json));
  std::string text;
  if (json.is_string())
    text = json.get<std::string>();
  else if (json.is_array())
    for (const Json& number : json) text += (text.empty() ? "" : ",") + number.dump();
  else
    text = json.dump();
  try {
    return canonical(setting.name, text);
  } catch (const Error& error) {  // "--lr: expected ..., found ..."
    const std::string what = error.what();
    place.refuse(what.substr(what.find(": ") + 2));
  }
}

Values values_from_json(const Json& json, const Place& place) {
  if (!json.is_object()) place.refuse("expected an object, found " + shown(json));
  Values values;
  for (const auto& [name, value] : json.items()) {
    const Setting* const setting = find_setting(name);
    if (setting == nullptr) place.member(name).refuse("unknown key; expected " + setting_names());
    values[name] = value_from_json(*setting, value, place.member(name));
  }
  return values;
}

}  // namespace sweep
