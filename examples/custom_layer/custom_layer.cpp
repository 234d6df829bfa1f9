// A layer of one's own: a residual block with a learnt gate, in a net that tells two spirals apart.
#include <cmath>
#include <iostream>
#include <numbers>
#include <string>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <vector>
namespace tn = tinynet;

// y = x + gate * outer(tanh(inner(x))). The gate starts at 0, so the block starts as the identity.
struct Residual : tn::Module<Residual> {
  tn::Linear<16, 16> inner, outer;
  tn::Parameter<float, 1, 1> gate{1, 1, 1};  // 1 x 1, and a vector: its shape in files is [1]

  explicit Residual(tn::Generator& generator) : inner(generator), outer(generator) {}

  // A template, since x may be a value on the tape or the data themselves.
  template <class X>
  auto forward(const X& x) const {
    return x + gate * outer(tn::tanh(inner(x)));
  }

  // The names of the parameters and modules in it. Optimizers, files and printing go by this list.
  static void members(auto& self, auto&& visit) {
    visit("inner", self.inner);
    visit("outer", self.outer);
    visit("gate", self.gate);
  }
  std::string name() const { return "Residual"; }
};

int main() {
  constexpr int count = 200;
  tn::Matrix<float> points(count, 2);
  std::vector<int> spiral(count);
  for (int i = 0; i < count; ++i) {
    const double radius = 0.2 + 0.8 * i / count, angle = 8 * radius + i % 2 * std::numbers::pi;
    points.row(i) << static_cast<float>(radius * std::cos(angle)), static_cast<float>(radius * std::sin(angle));
    spiral[static_cast<std::size_t>(i)] = i % 2;
  }

  tn::Generator generator{tn::Seed{0}};
  tn::Sequential net{tn::Linear<2, 16>{generator}, Residual{generator}, Residual{generator},
                     tn::Linear<16, 2>{generator}};
  std::cout << net << '\n';

  tn::Adam optimizer{net, {.lr = 0.01}};
  const double before = tn::evaluate(net, points, spiral).accuracy;
  tn::fit(net, optimizer, points, spiral, {.steps = 500});
  const double after = tn::evaluate(net, points, spiral).accuracy;
  std::cout << "the net's state, as PyTorch would name it:\n";
  for (const auto& tensor : net.state_dict())
    std::cout << "  " << tensor.name << ", size " << tensor.size() << ": " << tensor.data[0] << " ...\n";
  std::cout << "right: " << 100 * before << " % before, " << 100 * after << " % after 500 steps\n";

  const bool right = after >= 0.99 && net.get<1>().gate.value()(0) != 0;
  if (!right) std::cerr << "custom_layer: the net has not learnt to tell the spirals apart\n";
  return right ? 0 : 1;
}
