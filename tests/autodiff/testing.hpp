// What the tests of the tape and its operations share.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>
#include <tinynet/autodiff/gradcheck.hpp>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tuple>
#include <vector>

namespace test {

using tinynet::Index;
using Numbers = tinynet::Matrix<double>;

/// Numbers between low and high, the same in every run.
inline Numbers numbers(Index rows, Index cols, unsigned seed, double low = -2, double high = 2) {
  std::mt19937 engine(seed);
  Numbers result(rows, cols);
  for (double& number : result.reshaped()) number = low + (high - low) * (static_cast<double>(engine()) / 0x1p32);
  return result;
}

/// The text of the tinynet::Error (usage) that f throws; something else if it throws none.
template <class F>
std::string usage_error(const F& f) {
  try {
    f();
  } catch (const tinynet::Error& error) {
    return error.code() == tinynet::ErrorCode::usage ? error.what() : "an error of another kind";
  }
  return "nothing was thrown";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// |found - expected| / |expected|, or what is left if that is 0.
template <class A, class B>
double distance(const A& found, const B& expected) {
  const Numbers x = found.template cast<double>(), y = expected.template cast<double>();
  const double size = y.norm();
  return (x - y).norm() / (size > 0 ? size : 1);
}

/// A generic lambda as functions of three kinds of numbers. The checks are compiled once for this type, not once for
/// each lambda: that is most of a test's compile time.
struct Operation {
  template <class Scalar>
  using Call = std::function<tinynet::Var<Scalar>(const std::vector<tinynet::Var<Scalar>>&)>;
  std::tuple<Call<double>, Call<float>, Call<std::complex<double>>> calls;

  /// `Inputs`: matrices of the sizes, static or dynamic, that the lambda's operands shall have.
  template <class... Inputs, class Op>
  static Operation of(const Op& op) {
    return {{call<double, Inputs...>(op), call<float, Inputs...>(op), call<std::complex<double>, Inputs...>(op)}};
  }

  template <class Scalar, class... X>
  tinynet::Var<Scalar> operator()(const tinynet::Var<Scalar>& first, const X&... others) const {
    return std::get<Call<Scalar>>(calls)({first, others...});
  }

 private:
  template <class Scalar, class... Inputs, class Op>
  static Call<Scalar> call(const Op& op) {
    return [&op](const std::vector<tinynet::Var<Scalar>>& x) -> tinynet::Var<Scalar> {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return op(tinynet::Var<Scalar, Inputs::RowsAtCompileTime, Inputs::ColsAtCompileTime>(x[I])...);
      }
      (std::index_sequence_for<Inputs...>{});
    };
  }
};

/// sum(op(x, ...) * weights).
struct WeightedSum {
  Operation op;
  Numbers weights;

  template <class... X>
  auto operator()(const X&... x) const {
    return tinynet::sum(op(x...) * weights);
  }
};

template <class... Inputs>
void check_operation(const Operation& op, const Inputs&... inputs) {
  using namespace tinynet;
  const Shape shape = no_grad([&] { return op(constant(inputs)...).shape(); });
  const WeightedSum f{op, numbers(shape.rows, shape.cols, 99, 0.5, 2)};
  const GradcheckResult exact = complex_step_check(f, 1e-12, inputs...);
  CHECK_MESSAGE(exact.ok, exact.message);
  const GradcheckResult near = gradcheck(f, inputs...);
  CHECK_MESSAGE(near.ok, near.message);

  const auto gradients = detail::tape_gradients(f, inputs...);
  const auto in_float = detail::tape_gradients(f, Matrix<float>(inputs.template cast<float>())...);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (CHECK(distance(std::get<I>(in_float), std::get<I>(gradients)) <= 1e-4), ...);  // sums may cancel
  }
  (std::index_sequence_for<Inputs...>{});
}

/// Checks the gradient of op(x, ...) by each input: against the complex step, central differences, and itself in single
/// precision. `op` is a generic lambda; its result is made a number with some weights.
template <class Op, class... Inputs>
void check_gradients(const std::string& name, const Op& op, const Inputs&... inputs) {
  CAPTURE(name);
  check_operation(Operation::of<Inputs...>(op), Numbers(inputs)...);
}

/// The same for two operands of which either may be a constant: an Eigen matrix, column-major, or an expression.
template <class Op>
void check_gradients_and_constants(const std::string& name, const Op& op, const Numbers& a, const Numbers& b) {
  const Eigen::MatrixXd constant_a = a, half_b = b / 2;
  check_gradients(name, op, a, b);
  check_gradients(
      name, [&](const auto& x) { return op(x, 2 * half_b); }, a);
  check_gradients(
      name, [&](const auto& x) { return op(constant_a, x); }, b);
}

}  // namespace test
