// An elementwise operation of one's own: its gradient is tested, then it is the activation of a net that learns XOR.
#include <array>
#include <iostream>
#include <string>
#include <tinynet/autodiff/gradcheck.hpp>
#include <tinynet/mlp.hpp>
namespace tn = tinynet;

// Squareplus, y = (x + sqrt(x^2 + 4)) / 2, is a smooth ReLU without exponentials (Barron, 2021). The derivative may use
// both x and y. T is float or double or, since `vectorized` allows it, as many of them as the machine computes with at
// once; that takes arithmetic and the functions of tn::math, and nothing else.
struct Squareplus {
  static constexpr bool vectorized = true;

  template <class T>
  constexpr T operator()(T x) const {
    return T(0.5) * (x + tn::math::sqrt(x * x + T(4)));
  }
  template <class T>
  constexpr T derivative(T x, T y) const {
    return y / (y + y - x);
  }
};

// As a module, so that a net can hold it.
struct SquareplusLayer : tn::Activation<SquareplusLayer, Squareplus> {
  std::string description() const { return "Squareplus()"; }
};

int main() {
  // tn::map applies it to a value on the tape; gradcheck compares the gradient with finite differences.
  const Eigen::MatrixXd numbers = Eigen::MatrixXd::Random(4, 5) * 3;
  const auto check = tn::gradcheck([](const auto& x) { return tn::sum(tn::map(Squareplus{}, x)); }, numbers);
  std::cout << "gradient: " << (check ? "right" : check.message) << '\n';

  const tn::Matrix<float, 4, 2> x{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const std::array labels{0, 1, 1, 0};
  tn::BasicMLP<float, SquareplusLayer, 2, 8, 2> net{tn::Seed{0}};
  tn::Adam optimizer{net, {.lr = 0.05}};
  tn::set_engine(tn::Engine::fused);  // throws unless the operation is compiled into the fused training step
  tn::fit(net, optimizer, x, labels, {.steps = 300});

  const auto result = tn::evaluate(net, x, labels);
  for (tn::Index i = 0; i < 4; ++i)
    std::cout << x(i, 0) << " xor " << x(i, 1) << " = " << result.predicted[static_cast<std::size_t>(i)] << '\n';
  std::cout << "loss: " << result.loss << '\n';

  const bool right = check.ok && result.accuracy == 1 && result.loss < 0.05;
  if (!right) std::cerr << "custom_op: the gradient is wrong, or the net has not learnt XOR\n";
  return right ? 0 : 1;
}
