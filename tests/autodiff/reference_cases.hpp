// PyTorch's numbers: every case of $TINYNET_REFERENCE/ops.json, whose shapes and numbers come from that file alone.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tinynet/autodiff/ops/linear.hpp>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/normalization.hpp>
#include <tinynet/autodiff/ops/shape.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>
#include <vector>

#include "../skip.hpp"

namespace test::reference {

using namespace tinynet;
using Json = nlohmann::json;
using Numbers = Matrix<double>;

inline constexpr double tolerance = 1e-12;

/// An array of the file; a vector is a row, a single number a 1 x 1 matrix.
inline Numbers numbers_of(const Json& array) {
  const auto shape = array.at("shape").get<std::vector<Index>>();
  const auto data = array.at("data").get<std::vector<double>>();
  Numbers numbers(shape.size() == 2 ? shape[0] : 1, shape.empty() ? 1 : shape.back());
  REQUIRE(shape.size() <= 2);
  REQUIRE(static_cast<Index>(data.size()) == numbers.size());
  std::copy(data.begin(), data.end(), numbers.data());
  return numbers;
}

/// How far two matrices are apart, relative to `expected`: the worse of the norms' ratio and of the elements', where
/// elements below a thousandth of the largest count as that large. Infinite if the shapes differ or something is NaN.
inline double relative_error(const Numbers& found, const Numbers& expected) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (found.rows() != expected.rows() || found.cols() != expected.cols()) return infinite;
  if (!found.allFinite() || !expected.allFinite()) return infinite;
  const auto difference = (found - expected).array().abs();
  const double largest = expected.cwiseAbs().maxCoeff();
  if (largest == 0) return found.isZero(0) ? 0 : infinite;
  return std::max((found - expected).norm() / expected.norm(),
                  (difference / expected.array().abs().max(1e-3 * largest)).maxCoeff());
}

/// One case: what is given, on a device, and what must come out.
template <class Device>
struct Case {
  using V = Var<detail::moved_to<double, Device>>;

  explicit Case(const Json& json) : name(json.at("name").get<std::string>()), attributes(json.at("attributes")) {
    for (const auto& [input, array] : json.at("inputs").items()) inputs[input] = variable(numbers_of(array), Device{});
    upstream = numbers_of(json.at("upstream"));
    expected["output"] = numbers_of(json.at("output"));
    for (const auto& [input, array] : json.at("gradients").items())
      expected["gradient of " + input] = numbers_of(array);
    REQUIRE(expected.size() == inputs.size() + 1);
  }

  const V& operator[](const char* input) const { return inputs.at(input); }
  double number(const char* attribute) const { return attributes.at(attribute).get<double>(); }
  Numbers target() const { return numbers_of(attributes.at("target")); }
  std::vector<int> labels() const { return attributes.at("labels").get<std::vector<int>>(); }
  Reduction reduction() const {
    const auto text = attributes.at("reduction").get<std::string>();
    REQUIRE((text == "mean" || text == "sum"));
    return text == "sum" ? Reduction::sum : Reduction::mean;
  }

  std::string name;
  Json attributes;
  std::map<std::string, V> inputs;
  Numbers upstream;
  std::map<std::string, Numbers> expected;
};

/// tinynet's operation for each name that a case can have.
template <class Device>
const auto& operations() {
  using C = Case<Device>;
  using Operation = std::function<typename C::V(const C&)>;

  static const std::map<std::string, Operation> table{
      {"add", [](const C& c) { return c["a"] + c["b"]; }},
      {"add_row", [](const C& c) { return c["a"] + c["b"]; }},
      {"sub", [](const C& c) { return c["a"] - c["b"]; }},
      {"mul", [](const C& c) { return c["a"] * c["b"]; }},
      {"div", [](const C& c) { return c["a"] / c["b"]; }},
      {"neg", [](const C& c) { return -c["a"]; }},
      {"scale", [](const C& c) { return c["a"] * c.number("factor"); }},
      {"matmul", [](const C& c) { return matmul(c["a"], c["b"]); }},
      {"transpose", [](const C& c) { return transpose(c["a"]); }},
      {"exp", [](const C& c) { return exp(c["a"]); }},
      {"log", [](const C& c) { return log(c["a"]); }},
      {"sqrt", [](const C& c) { return sqrt(c["a"]); }},
      {"square", [](const C& c) { return square(c["a"]); }},
      {"abs", [](const C& c) { return abs(c["a"]); }},
      {"pow", [](const C& c) { return pow(c["a"], c.number("exponent")); }},
      {"sum", [](const C& c) { return sum(c["a"]); }},
      {"mean", [](const C& c) { return mean(c["a"]); }},
      {"sum_rows", [](const C& c) { return sum_rows(c["a"]); }},
      {"sum_cols", [](const C& c) { return sum_cols(c["a"]); }},
      {"relu", [](const C& c) { return relu(c["a"]); }},
      {"leaky_relu", [](const C& c) { return leaky_relu(c["a"], c.number("slope")); }},
      {"elu", [](const C& c) { return elu(c["a"], c.number("alpha")); }},
      {"sigmoid", [](const C& c) { return sigmoid(c["a"]); }},
      {"tanh", [](const C& c) { return tanh(c["a"]); }},
      {"softplus", [](const C& c) { return softplus(c["a"]); }},
      {"silu", [](const C& c) { return silu(c["a"]); }},
      {"gelu", [](const C& c) { return gelu(c["a"]); }},
      {"gelu_tanh", [](const C& c) { return gelu_tanh(c["a"]); }},
      {"softmax", [](const C& c) { return softmax(c["a"]); }},
      {"log_softmax", [](const C& c) { return log_softmax(c["a"]); }},
      {"linear", [](const C& c) { return linear(c["x"], c["weight"], c["bias"]); }},
      {"cross_entropy",
       [](const C& c) {
         const double smoothing = c.attributes.value("label_smoothing", 0.0);
         return cross_entropy(c["a"], c.labels(), {.reduction = c.reduction(), .label_smoothing = smoothing});
       }},
      {"mse_loss", [](const C& c) { return mse_loss(c["a"], c.target()); }},
      {"l1_loss", [](const C& c) { return l1_loss(c["a"], c.target()); }},
      {"huber_loss", [](const C& c) { return huber_loss(c["a"], c.target(), {.delta = c.number("delta")}); }},
      {"bce_with_logits", [](const C& c) { return bce_with_logits(c["a"], c.target()); }},
      {"layer_norm", [](const C& c) { return layer_norm(c["x"], c["weight"], c["bias"], c.number("eps")); }},
      {"batch_norm", [](const C& c) { return batch_norm(c["x"], c["weight"], c["bias"], c.number("eps")); }},
  };
  return table;
}

/// What tinynet makes of a case, under the names of Case::expected. Throws std::out_of_range for an unknown name.
template <class Device>
std::map<std::string, Numbers> run(const Case<Device>& c) {
  const auto y = operations<Device>().at(c.name)(c);
  std::map<std::string, Numbers> found{{"output", y.to(cpu)}};
  y.backward(c.upstream);
  for (const auto& [input, x] : c.inputs) {
    if constexpr (std::is_same_v<Device, Cpu>)
      found["gradient of " + input] = x.grad();
    else
      found["gradient of " + input] = x.grad().to(cpu);
  }
  return found;
}

/// The file's cases; none, with a message, where no file was given.
inline Json cases() {
  const char* const folder = std::getenv("TINYNET_REFERENCE");
  if (folder == nullptr) {
    skip("TINYNET_REFERENCE is not set to the folder with ops.json");
    return Json::array();
  }
  std::ifstream file(std::string(folder) + "/ops.json");
  REQUIRE_MESSAGE(file.good(), folder << "/ops.json cannot be opened");
  Json json = Json::parse(file);
  REQUIRE(json.is_array());
  return json;
}

/// Checks all cases on a device.
template <class Device>
void check_all() {
  const Json all = cases();
  std::set<std::string> names;
  for (const Json& json : all) {
    const Case<Device> c(json);
    CAPTURE(c.name);
    CAPTURE(c.attributes.dump());
    REQUIRE_MESSAGE(operations<Device>().contains(c.name), "the file has an operation that this test does not know");
    names.insert(c.name);
    const auto found = run(c);
    for (const auto& expected : c.expected) {
      CAPTURE(expected.first);
      CHECK(relative_error(found.at(expected.first), expected.second) <= tolerance);
    }
  }
  if (!all.empty())
    for (const auto& operation : operations<Device>())
      CHECK_MESSAGE(names.contains(operation.first), "the file has no case of " << operation.first);
}

}  // namespace test::reference
