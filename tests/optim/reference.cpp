// All optimizers against PyTorch's: $TINYNET_REFERENCE/optimizers.json, which generate.py in that folder writes.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <vector>

#include "../skip.hpp"

using nlohmann::json;
using tinynet::Index;

namespace {

// The net of the file.
auto make_net() {
  using tinynet::Linear;
  return tinynet::Sequential{Linear<6, 8, double>{}, tinynet::ReLU{}, Linear<8, 5, double>{}, tinynet::Tanh{},
                             Linear<5, 4, double>{}};
}
using Net = decltype(make_net());

std::optional<json> read_reference() {
  const char* const folder = std::getenv("TINYNET_REFERENCE");
  if (folder == nullptr) {
    test::skip("TINYNET_REFERENCE does not name the folder with optimizers.json");
    return std::nullopt;
  }
  std::ifstream file(std::string(folder) + "/optimizers.json");
  REQUIRE(file);
  return json::parse(file);
}

// The options of a run, each to be asked for; what nobody asked for must be an error.
class Options {
 public:
  explicit Options(const json& defaults) : values_(defaults) {}
  double number(const char* name) {
    const json value = take(name);
    return value.is_null() ? 0.0 : value.get<double>();
  }
  bool flag(const char* name) {
    const json value = take(name);
    return !value.is_null() && value.get<bool>();
  }
  std::array<double, 2> pair(const char* name) { return take(name).get<std::array<double, 2>>(); }
  bool all_taken() const { return values_.empty(); }

 private:
  json take(const char* name) {
    const auto found = values_.find(name);
    if (found == values_.end()) return nullptr;
    json value = *found;
    values_.erase(found);
    return value;
  }
  json values_;
};

double relative(double actual, double expected) { return std::abs(actual - expected) / std::abs(expected); }

// What differs between a run of the file and the same run here; nothing, if all is well.
class Comparison {
 public:
  explicit Comparison(const json& file) : file_(file) {}

  std::vector<std::string> run(const std::string& name) {
    problems_.clear();
    Net net = make_net();
    load(net);
    Options o(file_["runs"][name]["defaults"]);
    const double lr = o.number("lr");
    const double decay = o.number("weight_decay");
    if (name.starts_with("sgd") || name.starts_with("momentum") || name.starts_with("nesterov")) {
      finish(name, o, net,
             tinynet::SGD(net, {.lr = lr,
                                .momentum = o.number("momentum"),
                                .dampening = o.number("dampening"),
                                .weight_decay = decay,
                                .nesterov = o.flag("nesterov")}));
    } else if (name.starts_with("adamw")) {
      const auto [beta1, beta2] = o.pair("betas");
      if (!o.flag("decoupled_weight_decay")) problems_.push_back(name + ": the decay is not decoupled");
      finish(name, o, net,
             tinynet::AdamW(net,
                            {.lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = o.number("eps"), .weight_decay = decay}));
    } else if (name.starts_with("adam")) {
      const auto [beta1, beta2] = o.pair("betas");
      finish(name, o, net,
             tinynet::Adam(net,
                           {.lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = o.number("eps"), .weight_decay = decay}));
    } else if (name.starts_with("rmsprop")) {
      finish(name, o, net,
             tinynet::RMSprop(net, {.lr = lr,
                                    .alpha = o.number("alpha"),
                                    .eps = o.number("eps"),
                                    .weight_decay = decay,
                                    .momentum = o.number("momentum"),
                                    .centered = o.flag("centered")}));
    } else if (name.starts_with("adagrad")) {
      finish(name, o, net,
             tinynet::Adagrad(net, {.lr = lr,
                                    .lr_decay = o.number("lr_decay"),
                                    .weight_decay = decay,
                                    .initial_accumulator_value = o.number("initial_accumulator_value"),
                                    .eps = o.number("eps")}));
    } else if (name.starts_with("adadelta")) {
      finish(name, o, net,
             tinynet::Adadelta(net, {.lr = lr, .rho = o.number("rho"), .eps = o.number("eps"), .weight_decay = decay}));
    } else {
      problems_.push_back("no optimizer is called " + name);
    }
    return problems_;
  }

  double worst() const { return worst_; }

 private:
  static constexpr double tolerance = 1e-9;

  void load(Net& net) {
    for (const auto& tensor : tinynet::state_dict(net)) {
      const json& entry = file_["initial"][tensor.name];
      if (entry["shape"].get<std::vector<Index>>() != tensor.shape)
        problems_.push_back(tensor.name + " has another shape in the file");
      else
        std::ranges::copy(entry["data"].get<std::vector<double>>(), tensor.data);
    }
  }

  void compare(const std::string& what, double actual, double expected) {
    const double distance = actual == expected ? 0 : relative(actual, expected);
    worst_ = std::max(worst_, distance);
    if (!(distance <= tolerance))
      problems_.push_back(what + " is " + std::to_string(actual) + " instead of " + std::to_string(expected));
  }

  template <class Optimizer>
  void finish(const std::string& name, const Options& options, Net& net, Optimizer optimizer) {
    if (!options.all_taken()) problems_.push_back(name + " has options that are not known here");
    const json& run = file_["runs"][name];
    const auto numbers = file_["x"]["data"].get<std::vector<double>>();
    const tinynet::ConstMatrixView<double> x(numbers.data(), file_["x"]["shape"][0], file_["x"]["shape"][1]);
    const auto labels = file_["labels"].get<std::vector<int>>();
    const auto losses = run["losses"].get<std::vector<double>>();
    if (losses.size() < 2) problems_.push_back(name + " has no losses");
    for (std::size_t step = 0; step < losses.size(); ++step) {
      const auto loss = tinynet::cross_entropy(net(x), labels);
      compare(name + ": the loss of step " + std::to_string(step), loss.item(), losses[step]);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    for (const auto& tensor : tinynet::state_dict(net)) {
      const auto expected = run["final"][tensor.name]["data"].get<std::vector<double>>();
      if (static_cast<Index>(expected.size()) != tensor.size()) {
        problems_.push_back(name + ": " + tensor.name + " has another size in the file");
        continue;
      }
      for (std::size_t i = 0; i < expected.size(); ++i)
        compare(name + ": " + tensor.name + "[" + std::to_string(i) + "]", tensor.data[i], expected[i]);
    }
  }

  json file_;
  std::vector<std::string> problems_;
  double worst_ = 0;
};

}  // namespace

TEST_CASE("losses and final weights are PyTorch's") {
  const auto file = read_reference();
  if (!file) return;
  const std::set<std::string> expected{"sgd",
                                       "sgd_weight_decay",
                                       "momentum",
                                       "momentum_dampening",
                                       "nesterov",
                                       "adam",
                                       "adam_weight_decay",
                                       "adamw",
                                       "rmsprop",
                                       "rmsprop_momentum",
                                       "adagrad",
                                       "adadelta"};
  std::set<std::string> found;
  for (const auto& run : (*file)["runs"].items()) {
    found.insert(run.key());
    Comparison comparison(*file);
    const auto problems = comparison.run(run.key());
    for (const std::string& problem : problems) FAIL_CHECK(problem);
    MESSAGE(run.key(), ": largest relative distance ", comparison.worst());
  }
  CHECK(std::ranges::includes(found, expected));
}

// A comparison that cannot fail proves nothing.
TEST_CASE("one changed number is found") {
  const auto file = read_reference();
  if (!file) return;
  const auto problems_with = [&](const char* pointer, auto change, const char* run) {
    json changed = *file;
    json& number = changed[json::json_pointer(pointer)];
    number = change(number.get<double>());
    return Comparison(changed).run(run).size();
  };
  const auto nudge = [](double x) { return x * (1 + 3e-9); };
  CHECK(problems_with("/runs/adam/losses/59", nudge, "adam") == 1);
  CHECK(problems_with("/runs/adadelta/final/4.bias/data/3", nudge, "adadelta") == 1);
  CHECK(problems_with("/runs/nesterov/final/0.weight/data/47", nudge, "nesterov") == 1);
  CHECK(problems_with(
            "/x/data/7", [](double x) { return x + 1e-6; }, "sgd") > 50);
  CHECK(problems_with(
            "/initial/2.weight/data/39", [](double x) { return x + 1e-6; }, "rmsprop") > 100);
  CHECK(problems_with("/runs/momentum/defaults/momentum", nudge, "momentum") > 1);
  CHECK(problems_with(
            "/runs/adam_weight_decay/defaults/weight_decay", [](double) { return 0.0; }, "adam_weight_decay") > 100);
  CHECK(problems_with(
            "/runs/adagrad/defaults/lr_decay", [](double) { return 1e-6; }, "adagrad") > 10);
}

TEST_CASE("a run or an option that is not known is found") {
  auto file = read_reference();
  if (!file) return;
  (*file)["runs"]["lion"] = (*file)["runs"]["adam"];
  CHECK(Comparison(*file).run("lion").size() == 1);
  (*file)["runs"]["adam"]["defaults"]["amsgrad"] = true;
  CHECK(Comparison(*file).run("adam").size() == 1);
}
