// The main job in small, with tinynet.hpp and nothing but Eigen: digits that are drawn by the program.
#include "tinynet.hpp"

#include <iostream>

namespace tn = tinynet;

int main() {
  const auto [train, test] = tn::synthetic_digits(2000, 500);
  tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};
  tn::SGD optimizer{net, {.lr = 0.003f}};
  for (int step = 0; step < 300; ++step) {
    auto loss = tn::cross_entropy(net(train.images), train.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  const tn::Evaluation evaluation = tn::evaluate(net, test.images, test.labels);
  std::cout << "accuracy " << 100 * evaluation.accuracy << " %\n";
  return evaluation.accuracy > 0.8 ? 0 : 1;
}
