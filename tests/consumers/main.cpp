// Trains a tiny net for a few steps: what a program that uses tinynet looks like.
#include <iostream>
#include <tinynet/mlp.hpp>
#include <vector>

int main() {
  Eigen::MatrixXf x(6, 4);
  x << 5, 3, 1, 0, 5, 4, 2, 0, 7, 3, 5, 1, 6, 2, 4, 1, 6, 3, 6, 2, 7, 3, 6, 2;
  const std::vector<int> y{0, 0, 1, 1, 2, 2};

  tinynet::MLP<4, 8, 3> net{tinynet::Seed{0}};
  tinynet::SGD optimizer{net, {.lr = 0.1f}};
  float first = 0, last = 0;
  for (int step = 0; step < 20; ++step) {
    auto loss = tinynet::cross_entropy(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    last = loss.item();
    if (step == 0) first = last;
  }
  std::cout << "loss " << first << " -> " << last << '\n';
  return last < first ? 0 : 1;
}
