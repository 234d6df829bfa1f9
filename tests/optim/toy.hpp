// A problem for optimizers that needs no net: PyTorch's numbers in the tests come from the same loop,
//   i = torch.arange(37.); p = torch.nn.Parameter((i * 5 % 11) * 0.125 - 0.6); opt = ...([p], ...)   (in float64)
//   for t in range(20): p.grad = 0.5 * p.detach() + ((t * (i + 3)) % 7 - 3) * 0.25; opt.step()
//   p[[0, 1, 17, 36]]
#pragma once

#include <array>
#include <cmath>
#include <tinynet/nn/module.hpp>

namespace test {

// 37 numbers: some SIMD packs and a rest.
template <class Scalar>
struct Toy : tinynet::Module<Toy<Scalar>, Scalar> {
  tinynet::Parameter<Scalar> p{1, 37, 1};

  Toy() {
    for (tinynet::Index i = 0; i < 37; ++i)
      p.value()(0, i) = static_cast<Scalar>(static_cast<double>(i * 5 % 11) * 0.125 - 0.6);
  }
  static void members(auto& self, auto&& visit) { visit("p", self.p); }
};

template <class Scalar>
void set_gradient(Toy<Scalar>& toy, tinynet::Index t) {
  for (tinynet::Index i = 0; i < 37; ++i)
    toy.p.grad()(0, i) = Scalar(0.5) * toy.p.value()(0, i) + static_cast<Scalar>(t * (i + 3) % 7 - 3) * Scalar(0.25);
}

template <class Scalar, class Optimizer>
void train(Toy<Scalar>& toy, Optimizer& optimizer, tinynet::Index from = 0, tinynet::Index to = 20) {
  for (tinynet::Index t = from; t < to; ++t) {
    set_gradient(toy, t);
    optimizer.step();
  }
}

// The largest distance from PyTorch's numbers after 20 steps; `make(toy)` gives the optimizer.
template <class Scalar = double, class Make>
double distance(Make make, const std::array<double, 4>& expected) {
  Toy<Scalar> toy;
  auto optimizer = make(toy);
  train(toy, optimizer);
  double largest = 0;
  const std::array<tinynet::Index, 4> places{0, 1, 17, 36};
  for (std::size_t k = 0; k < 4; ++k)
    largest = std::max(largest, std::abs(static_cast<double>(toy.p.value()(0, places[k])) - expected[k]));
  return largest;
}

}  // namespace test
