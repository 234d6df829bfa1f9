#include "run_json.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tinynet/core/threads.hpp>
#include <tinynet/core/version.hpp>

#include "build_info.hpp"
#include "settings.hpp"

namespace mnist {
namespace {

using Json = nlohmann::ordered_json;

std::string eigen_version() {
  std::string text;
  for (const int part : {EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION})
    text += (text.empty() ? "" : ".") + std::to_string(part);
  return text;
}

}  // namespace

Json options_json(const Options& o) {
  Json json;
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  text("data", o.data.folder);
  text("dataset", o.data.dataset);
  json["device"] = o.device;
  json["threads"] = o.threads;
  json["engine"] = "auto";
  const Json settings = settings_json(o);
  for (const auto& [name, value] : settings.items()) {
    std::string key = name;
    std::replace(key.begin(), key.end(), '-', '_');
    json[key] = value;
  }
  text("init", o.init_file);
  text("resume", o.resume_file);
  return json;
}

std::string run_json(const RunRecord& run) {
  Json json;
  json["command"] = run.options.command;
  json["options"] = options_json(run.options);
  json["data"] = {{"name", run.data.name},
                  {"origin", run.data.origin},
                  {"train", run.data.train.size()},
                  {"test", run.data.test.size()}};
  if (!run.data.content.empty()) json["data"]["content"] = run.data.content;
  if (const auto names = class_names(run.data); !names.empty()) json["classes"] = names;
  json["net"] = {{"text", run.model.text()}, {"parameters", static_cast<Index>(net_size(run.options).parameters)}};
  json["device"] = run.model.device();
  json["engine"] = run.model.computation().engine();
  json["threads"] = tinynet::num_threads();
  json["simd"] = simd_level();
  json["precision"] = "float32";
  json["optimised"] = optimised();
  json["compiler"] = compiler();
  json["versions"] = {{"tinynet", std::string(tinynet::version)}, {"eigen", eigen_version()}};
  json["date"] = run.date;
  json["first_step"] = run.first_step;
  json["steps"] = run.steps;
  if (!run.stopped_by.empty()) json["stopped_by"] = run.stopped_by;
  json["seconds"] = run.seconds;
  json["steps_per_second"] = run.steps_per_second();
  json["loss"] = std::isfinite(run.loss) ? Json(run.loss) : Json();
  json["test_loss"] = run.test.loss;
  json["accuracy"] = run.test.accuracy;
  Json& confusion = json["confusion"] = Json::array();
  for (Index actual = 0; actual < run.test.confusion.rows(); ++actual) {
    Json row = Json::array();
    for (Index predicted = 0; predicted < run.test.confusion.cols(); ++predicted)
      row.push_back(run.test.confusion(actual, predicted));
    confusion.push_back(std::move(row));
  }
  json["first_tests"] = run.first_tests();
  Json& wrong = json["misclassified"] = Json::array();
  for (const tinynet::Misclassified& m : run.first_misclassified())
    wrong.push_back({{"index", m.index}, {"predicted", m.predicted}, {"actual", m.actual}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mnist
