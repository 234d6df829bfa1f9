#include "configuration.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "../mnist/numbers.hpp"

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

std::string hidden_text(const Configuration& c) {
  std::string text;
  for (const Index width : c.hidden) text += (text.empty() ? "" : ",") + std::to_string(width);
  return text;
}

bool is_number(const Json& json) { return json.is_number(); }
bool is_string(const Json& json) { return json.is_string(); }
bool is_numbers(const Json& json) { return json.is_array() && std::all_of(json.begin(), json.end(), is_number); }

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> list{
      {"hidden", "L;L", "Widths of the hidden layers, \"\" for none (30,30)", hidden_text, "an array of numbers",
       is_numbers},
      {"activation", "A,A", "relu, leaky_relu, elu, sigmoid, tanh, silu, gelu (relu)",
       [](const Configuration& c) { return c.activation; }, "a string", is_string},
      {"optimizer", "O,O", "sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad, adadelta (sgd)",
       [](const Configuration& c) { return c.optimizer; }, "a string", is_string},
      {"lr", "F,F", "Learning rates (0.003)", [](const Configuration& c) { return mnist::shortest(c.lr); }, "a number",
       is_number},
      {"scale", "F,F", "What the pixels 0..255 are multiplied by (1)",
       [](const Configuration& c) { return mnist::shortest(c.scale); }, "a number", is_number},
      {"batch", "N,N", "Rows a step, 0 = all (0)", [](const Configuration& c) { return std::to_string(c.batch); },
       "a number", is_number},
      {"steps", "N,N", "Steps (5000)", [](const Configuration& c) { return std::to_string(c.steps); }, "a number",
       is_number},
      {"seed", "N,N", "Of the weights and of the batches (0)",
       [](const Configuration& c) { return std::to_string(c.seed); }, "a number", is_number},
  };
  return list;
}

const Setting* find_setting(const std::string& name) {
  const auto found = std::find_if(settings().begin(), settings().end(), [&](const auto& s) { return s.name == name; });
  return found == settings().end() ? nullptr : &*found;
}

std::string setting_names() {
  std::string names;
  for (const Setting& s : settings()) names += (names.empty() ? "" : ", ") + s.name;
  return names;
}

std::string canonical(const std::string& name, const std::string& value) {
  return find_setting(name)->text(configuration({{name, value}}));
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
  for (const Setting& s : settings()) text += (text.empty() ? "" : " ") + s.name + "=" + s.text(c);
  return text;
}

std::string command(const Configuration& c) {
  std::string text = "mnist";
  for (const Setting& s : settings()) {
    const std::string value = s.text(c);
    text += " --" + s.name + " " + (value.empty() ? "\"\"" : value);
  }
  return text;
}

Json to_json(const Configuration& c) {
  Json json = Json::object();
  for (const Setting& s : settings()) {
    const std::string text = s.text(c);
    json[s.name] = s.is_type == is_string ? Json(text) : Json::parse(s.is_type == is_numbers ? "[" + text + "]" : text);
  }
  return json;
}

std::string value_from_json(const Setting& setting, const Json& json, const Place& place) {
  if (!setting.is_type(json)) place.refuse("expected " + setting.type + ", found " + shown(json));
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
