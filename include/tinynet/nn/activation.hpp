// The elementwise activations as modules.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>
#include <tinynet/nn/module.hpp>
#include <variant>

namespace tinynet {
namespace detail {

/// A number as Python prints it: "1.0", "0.01", "1e-05". The shortest digits that give the number back.
inline std::string python_number(double number) {
  const double size = std::abs(number);
  const bool exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string out(text.data(), end);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

}  // namespace detail

/// A module that applies an elementwise function.
template <class Derived, class Function_>
class Activation : public Module<Derived, void> {
 public:
  /// The elementwise function.
  using Function = Function_;

  Activation() = default;
  explicit Activation(Function function) : function_(function) {}

  /// The function, with its constants.
  const Function& function() const& { return function_; }
  Function function() && { return function_; }

  template <class X>
  auto forward(const X& x) const {
    return map(function_, x);
  }

 private:
  Function function_;
};

/// max(x, 0).
struct ReLU : Activation<ReLU, functions::ReLU> {
  std::string description() const { return "ReLU()"; }
};

/// x for x > 0, negative_slope x elsewhere.
struct LeakyReLU : Activation<LeakyReLU, functions::LeakyReLU> {
  /// With this slope below 0.
  explicit LeakyReLU(double negative_slope = 0.01) : Activation(functions::LeakyReLU(negative_slope)) {}
  std::string description() const {
    return "LeakyReLU(negative_slope=" + detail::python_number(function().slope) + ")";
  }
};

/// x for x > 0, alpha (e^x - 1) elsewhere.
struct ELU : Activation<ELU, functions::ELU> {
  /// With this alpha.
  explicit ELU(double alpha = 1.0) : Activation(functions::ELU(alpha)) {}
  std::string description() const { return "ELU(alpha=" + detail::python_number(function().alpha) + ")"; }
};

/// 1 / (1 + e^-x).
struct Sigmoid : Activation<Sigmoid, functions::Sigmoid> {
  std::string description() const { return "Sigmoid()"; }
};

/// The hyperbolic tangent.
struct Tanh : Activation<Tanh, functions::Tanh> {
  std::string description() const { return "Tanh()"; }
};

/// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
struct Softplus : Activation<Softplus, functions::Softplus> {
  /// With this beta and threshold.
  explicit Softplus(double beta = 1.0, double threshold = 20.0) : Activation(functions::Softplus(beta, threshold)) {}
  std::string description() const {
    return "Softplus(beta=" + detail::python_number(function().beta) +
           ", threshold=" + detail::python_number(function().threshold) + ")";
  }
};

/// x sigmoid(x).
struct SiLU : Activation<SiLU, functions::SiLU> {
  std::string description() const { return "SiLU()"; }
};

/// x Phi(x), Phi the normal distribution.
struct GELU : Activation<GELU, functions::GELU> {
  std::string description() const { return "GELU(approximate='none')"; }
};

/// GELU's approximation by tanh.
struct GELUTanh : Activation<GELUTanh, functions::GELUTanh> {
  std::string description() const { return "GELU(approximate='tanh')"; }
};

/// exp(x) / sum(exp(x)) over the columns of each row.
struct Softmax : Module<Softmax, void> {
  template <class X>
  auto forward(const X& x) const {
    return softmax(x);
  }
  std::string description() const { return "Softmax(dim=1)"; }
};

/// The logarithm of softmax.
struct LogSoftmax : Module<LogSoftmax, void> {
  template <class X>
  auto forward(const X& x) const {
    return log_softmax(x);
  }
  std::string description() const { return "LogSoftmax(dim=1)"; }
};

/// An activation chosen at run time.
using AnyActivation = std::variant<ReLU, LeakyReLU, ELU, Sigmoid, Tanh, Softplus, SiLU, GELU, GELUTanh>;

/// The activation with this name: relu, leaky_relu, elu, sigmoid, tanh, softplus, silu, gelu, gelu_tanh.
/// Throws Error (usage) for another.
inline AnyActivation activation_by_name(std::string_view name) {
  if (name == "relu") return ReLU{};
  if (name == "leaky_relu") return LeakyReLU{};
  if (name == "elu") return ELU{};
  if (name == "sigmoid") return Sigmoid{};
  if (name == "tanh") return Tanh{};
  if (name == "softplus") return Softplus{};
  if (name == "silu") return SiLU{};
  if (name == "gelu") return GELU{};
  if (name == "gelu_tanh") return GELUTanh{};
  throw Error(ErrorCode::usage,
              "activation: expected one of relu, leaky_relu, elu, sigmoid, tanh, softplus, silu, "
              "gelu, gelu_tanh, found '" +
                  detail::printable(name) + "'");
}

}  // namespace tinynet
