// Two functions of single numbers, written once for every library that overloads operators: logistic growth, computed
// by Runge and Kutta's method, and Rosenbrock's function in a loop over its variables. And what the programs have in
// common.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "bench.hpp"

namespace bench {

/// The sum over i of (y(t_i) - data_i)^2, where y' = r y (1 - y / k), y(0) = start, by 200 steps of Runge-Kutta 4.
class Logistic {
 public:
  Logistic() {
    for (int i = 0; i <= steps; ++i)
      data_.push_back(10 / (1 + 9 * std::exp(-0.8 * step * i)) + 0.1 * std::sin(7.0 * i));
  }

  /// r, k and start.
  std::vector<double> start() const { return {0.7, 9.0, 1.2}; }

  template <class T>
  T operator()(const std::vector<T>& x) const {
    const T &r = x[0], &k = x[1];
    const auto slope = [&](const T& y) -> T { return r * y * (1.0 - y / k); };
    T y = x[2];
    T loss = (y - data_[0]) * (y - data_[0]);
    for (std::size_t i = 1; i < data_.size(); ++i) {
      const T k1 = slope(y), k2 = slope(y + step / 2 * k1), k3 = slope(y + step / 2 * k2), k4 = slope(y + step * k3);
      y = y + step / 6 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
      const T error = y - data_[i];
      loss = loss + error * error;
    }
    return loss;
  }

 private:
  static constexpr int steps = 200;
  static constexpr double step = 0.05;
  std::vector<double> data_;
};

/// The sum over i of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2.
class Rosenbrock {
 public:
  explicit Rosenbrock(int n) : n_(n) {}

  std::vector<double> start() const {
    std::vector<double> x;
    for (int i = 0; i < n_; ++i) x.push_back(0.5 * (i % 7 - 3));
    return x;
  }

  template <class T>
  T operator()(const std::vector<T>& x) const {
    T sum = term(x[0], x[1]);
    for (std::size_t i = 1; i + 1 < x.size(); ++i) sum = sum + term(x[i], x[i + 1]);
    return sum;
  }

 private:
  template <class T>
  static T term(const T& x, const T& next) {
    const T a = next - x * x, b = 1.0 - x;
    return 100.0 * (a * a) + b * b;
  }

  int n_;
};

/// Measures gradient(f, x, dx), which returns f(x) and fills dx; a measurement is the mean of `repeat` calls. The value
/// goes into the check, and the gradient's length and one of its components in some direction.
template <class F, class Gradient>
void measure_scalars(const Arguments& arguments, Recorder& recorder, const F& f, Gradient gradient) {
  const std::vector<double> x = f.start();
  std::vector<double> dx(x.size());
  double value = 0;
  recorder.measure(arguments.number("steps"), arguments.number("repeat"), [&](bool) { value = gradient(f, x, dx); });
  double squares = 0, mixed = 0;
  for (std::size_t i = 0; i < dx.size(); ++i) {
    squares += dx[i] * dx[i];
    mixed += dx[i] * std::cos(static_cast<double>(i));
  }
  for (const double number : {value, std::sqrt(squares), mixed}) recorder.check(number);
}

/// The main function of a program: gradient(mode) gives a gradient(f, x, dx) as above.
template <class GradientOf>
int run_scalars(int count, char** words, const GradientOf& gradient_of) {
  return run(count, words, [&](const Arguments& arguments, Recorder& recorder) {
    const auto gradient = gradient_of(arguments.text("mode"));
    if (arguments.text("function") == "logistic")
      measure_scalars(arguments, recorder, Logistic(), gradient);
    else
      measure_scalars(arguments, recorder, Rosenbrock(arguments.number("n")), gradient);
  });
}

}  // namespace bench
