// A net as a list of linear layers, each with the functions after it written as expressions of C++.
#pragma once

#include <numbers>
#include <string>
#include <tinynet/core/number_text.hpp>
#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace tinynet::detail {

/// The literal that is this number: the fewest digits that give it back.
template <class Scalar>
std::string cpp_number(Scalar number) {
  std::string text = shortest(number);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return std::is_same_v<Scalar, float> ? text + "f" : text;
}

template <class>
inline constexpr bool never = false;

/// An elementwise function of `v` as an expression; the formulas are those of functions.hpp.
template <class Scalar, class Function>
std::string cpp_expression(const Function& f) {
  const auto number = [](double n) { return cpp_number(static_cast<Scalar>(n)); };
  if constexpr (std::is_same_v<Function, functions::ReLU>)
    return "v < 0 ? 0 : v";
  else if constexpr (std::is_same_v<Function, functions::LeakyReLU>)
    return "v > 0 ? v : v * " + number(f.slope);
  else if constexpr (std::is_same_v<Function, functions::ELU>)
    return "v > 0 ? v : " + number(f.alpha) + " * std::expm1(v)";
  else if constexpr (std::is_same_v<Function, functions::Sigmoid>)
    return "1 / (1 + std::exp(-v))";
  else if constexpr (std::is_same_v<Function, functions::Tanh>)
    return "std::tanh(v)";
  else if constexpr (std::is_same_v<Function, functions::Softplus>)
    return "v * " + number(f.beta) + " > " + number(f.threshold) + " ? v : std::log1p(std::exp(v * " + number(f.beta) +
           ")) * " + number(1 / f.beta);
  else if constexpr (std::is_same_v<Function, functions::SiLU>)
    return "v / (1 + std::exp(-v))";
  else if constexpr (std::is_same_v<Function, functions::GELU>)
    return number(0.5) + " * v * (1 + std::erf(v * " + number(1 / std::numbers::sqrt2) + "))";
  else if constexpr (std::is_same_v<Function, functions::GELUTanh>)
    return number(0.5) + " * v * (1 + std::tanh(" + number(std::numbers::sqrt2 * std::numbers::inv_sqrtpi) +
           " * (v + " + number(0.044715) + " * v * v * v)))";
  else
    static_assert(never<Function>,
                  "tinynet: save_cpp_header: an activation other than ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softplus, "
                  "SiLU, GELU and GELUTanh cannot be written");
}

/// A linear layer, and what is done to each of its outputs.
template <class Scalar>
struct CppLayer {
  std::string name, description;  // "l1", "Linear(in_features=784, ..."
  Index in, out;
  const Scalar* weight;  // [out, in]
  const Scalar* bias;    // [out], or null
  std::vector<std::string> functions{};
};

/// The layers of a net, in order. Throws Error (usage) if the first is no linear layer.
template <class Scalar>
class CppLayers {
 public:
  template <class Net>
  explicit CppLayers(const Net& net) {
    add("", net);
    if (layers_.empty()) throw Error(ErrorCode::usage, "save_cpp_header: there is no linear layer in this net");
  }

  const std::vector<CppLayer<Scalar>>& get() const { return layers_; }

 private:
  template <Index In, Index Out>
  void add(const std::string& name, const Linear<In, Out, Scalar>& layer) {
    layers_.push_back({name.empty() ? "the net" : name, layer.description(), layer.in_features(), layer.out_features(),
                       layer.weight().data(), layer.has_bias() ? layer.bias().data() : nullptr});
  }
  template <class... Modules>
  void add(const std::string& name, const Sequential<Modules...>& net) {
    net.members(net, [&](const std::string& part, const auto& module) { add(path(name, part), module); });
  }
  template <class Kind, Index... Sizes>
  void add(const std::string& name, const BasicMLP<Scalar, Kind, Sizes...>& net) {
    add_mlp(name, net, [&] { add(name, net.activation()); });
  }
  void add(const std::string& name, const DynamicMLP<Scalar>& net) {
    add_mlp(name, net, [&] { std::visit([&](const auto& activation) { add(name, activation); }, net.activation()); });
  }
  template <class Other>
  void add(const std::string&, const Other& module) {
    if constexpr (requires { module.function(); }) {
      if (layers_.empty())
        throw Error(ErrorCode::usage,
                    "save_cpp_header: expected a linear layer as the first, found " + module.description());
      layers_.back().functions.push_back(cpp_expression<Scalar>(module.function()));
    } else {
      static_assert(std::is_same_v<Other, Dropout>,  // which does nothing after the training
                    "tinynet: save_cpp_header: a layer other than Linear, Dropout, the elementwise activations, and "
                    "MLP, DynamicMLP and Sequential of these cannot be written");
    }
  }

  template <class Net, class AddActivation>
  void add_mlp(const std::string& name, const Net& net, const AddActivation& add_activation) {
    bool between = false;
    net.members(net, [&](const std::string& part, const auto& layer) {
      if (std::exchange(between, true)) add_activation();
      add(path(name, part), layer);
    });
  }

  static std::string path(const std::string& name, const std::string& part) {
    return name.empty() ? part : name + "." + part;
  }

  std::vector<CppLayer<Scalar>> layers_;
};

}  // namespace tinynet::detail
