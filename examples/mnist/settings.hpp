// The options that say what is trained and how: one list for checkpoints, run.json and the program sweep.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "numbers.hpp"
#include "options.hpp"

namespace mnist {

struct Setting {
  enum class Kind { word, number, numbers };

  std::string name;  ///< without the dashes
  Kind kind;
  /// The value as the command line has it; nothing if the optimizer or the program chooses.
  std::optional<std::string> (*text)(const Options&);
};

inline const std::vector<Setting>& settings() {
  using Kind = Setting::Kind;
  using Text = std::optional<std::string>;
  static const auto number = [](const std::optional<double>& x) { return x ? Text(shortest(*x)) : std::nullopt; };
  static const std::vector<Setting> list{
      {"hidden", Kind::numbers,
       [](const Options& o) -> Text {
         std::string text;
         for (const Index width : o.hidden) text += (text.empty() ? "" : ",") + std::to_string(width);
         return text;
       }},
      {"activation", Kind::word, [](const Options& o) -> Text { return o.activation; }},
      {"optimizer", Kind::word, [](const Options& o) -> Text { return o.optimizer; }},
      {"lr", Kind::number, [](const Options& o) { return number(o.lr); }},
      {"momentum", Kind::number, [](const Options& o) { return number(o.momentum); }},
      {"weight-decay", Kind::number, [](const Options& o) { return number(o.weight_decay); }},
      {"scale", Kind::number, [](const Options& o) { return number(o.scale); }},
      {"batch", Kind::number, [](const Options& o) -> Text { return std::to_string(o.batch); }},
      {"chunk-rows", Kind::number,
       [](const Options& o) -> Text {
         if (o.chunk_rows == 0) return std::nullopt;
         return std::to_string(o.chunk_rows);
       }},
      {"steps", Kind::number, [](const Options& o) -> Text { return std::to_string(o.steps); }},
      {"seed", Kind::number, [](const Options& o) -> Text { return std::to_string(o.seed); }},
      {"engine", Kind::word,
       [](const Options& o) -> Text {
         if (o.engine == Engine::automatic) return std::nullopt;
         return o.engine == Engine::fused ? "fused" : "tape";
       }},
  };
  return list;
}

/// {"hidden": [30, 30], "activation": "relu", ...}
inline nlohmann::ordered_json settings_json(const Options& o) {
  using Json = nlohmann::ordered_json;
  Json json = Json::object();
  for (const Setting& s : settings())
    if (const auto text = s.text(o))
      json[s.name] = s.kind == Setting::Kind::word      ? Json(*text)
                     : s.kind == Setting::Kind::numbers ? Json::parse("[" + *text + "]")
                                                        : Json::parse(*text);
  return json;
}

}  // namespace mnist
