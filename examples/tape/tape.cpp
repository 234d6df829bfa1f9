// Gradients without a net: variables, an expression, backward(), and a straight line fitted by gradient descent.
#include <cmath>
#include <iostream>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
namespace tn = tinynet;

int main() {
  // A variable is a matrix whose gradient is wanted, here with one number in it. An operation on it computes its result
  // at once and is put on the tape, along which backward() goes from the end to the start.
  const auto x = tn::variable(2.0);
  const auto y = x * x + tn::sin(x);
  y.backward();
  const double slope = x.grad()(0);
  std::cout << "y = x^2 + sin(x) at x = " << x << ": y = " << y << ", dy/dx = " << slope << '\n';

  // The next backward() adds to the gradient that is there. zero_grad() starts afresh.
  (3 * x).backward();
  const double sum = x.grad()(0);
  x.zero_grad();
  std::cout << "after (3 * x).backward(): " << sum << ", after zero_grad(): " << x.grad() << '\n';

  // What is computed inside no_grad has a value, but nothing is recorded for backward().
  const auto square = tn::no_grad([&] { return x * x; });
  std::cout << "inside no_grad: " << square << ", requires_grad: " << std::boolalpha << square.requires_grad() << '\n';

  // The line a t + b that is nearest to 20 points. An Eigen matrix in an expression is a constant, and a single number
  // is spread over all of its elements.
  const Eigen::VectorXd t = Eigen::VectorXd::LinSpaced(20, -1, 1);
  const Eigen::VectorXd points = 2 * t.array() - 1 + 0.3 * (9 * t.array()).sin();
  double a = 0, b = 0;
  for (int step = 0; step < 400; ++step) {
    const auto line_a = tn::variable(a), line_b = tn::variable(b);
    const auto error = tn::mean(tn::square(line_a * t + line_b - points));
    if (step % 100 == 0) std::cout << "step " << step << ": mean squared error " << error << '\n';
    error.backward();
    a -= 0.1 * line_a.grad()(0);
    b -= 0.1 * line_b.grad()(0);
  }
  const double best_a = t.dot(points) / t.squaredNorm(), best_b = points.mean();  // since the mean of t is 0
  std::cout << "gradient descent: " << a << " t + " << b << ", the formula: " << best_a << " t + " << best_b << '\n';

  const bool right = std::abs(slope - (2 * 2 + std::cos(2))) < 1e-12 && std::abs(sum - slope - 3) < 1e-12 &&
                     x.grad()(0) == 0 && !square.requires_grad() && std::abs(a - best_a) < 1e-9 &&
                     std::abs(b - best_b) < 1e-9;
  if (!right) std::cerr << "tape: a gradient or the line is wrong\n";
  return right ? 0 : 1;
}
