#include "result_line.hpp"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "../mnist/model.hpp"
#include "../mnist/numbers.hpp"
#include "tidy.hpp"

namespace sweep {
namespace {

template <class Number>
Json tidy_list(const std::vector<Number>& numbers) {
  Json list = Json::array();
  for (const Number number : numbers) list.push_back(tidy(number));
  return list;
}

}  // namespace

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

Result result_of(std::string_view line, const std::string& data, const Place& place) {
  const Json json = parse_json(line, place);
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
    const auto number = [&place](const char* name, const Json& from, double most) {
      const double found = from;
      if (!(found >= 0 && found <= most))
        place.member(name).refuse("expected a number from 0 to " + mnist::shortest(most) + ", found " + shown(from));
      return found;
    };
    constexpr auto most = static_cast<double>(std::numeric_limits<float>::max());
    r.seconds = number("seconds", json.at("seconds"), most);
    if (json.contains("diverged")) {
      r.divergence = {json["diverged"].at("step"), json["diverged"].at("why")};
    } else {
      r.train_loss = static_cast<float>(number("train_loss", json.at("train_loss"), most));
      r.test_loss = static_cast<float>(number("test_loss", json.at("test_loss"), most));
      r.accuracy = number("accuracy", json.at("accuracy"), 1);
    }
    const Json& curve = json.at("curve");
    for (const Json& step : curve.at("step"))
      if (!step.is_number_unsigned()) place.member("curve").refuse("expected whole steps, found " + shown(step));
    for (const Json& loss : curve.at("loss")) r.losses.push_back(static_cast<float>(number("curve", loss, most)));
    curve.at("step").get_to(r.steps);
    curve.at("seconds").get_to(r.step_seconds);
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

}  // namespace sweep
