// The main job's first steps: first_steps [FOLDER] prints the loss of each of 60 steps in float, and then in double, on
// MNIST in FOLDER, or else on digits that are drawn here.
#include <cstdio>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>

namespace tn = tinynet;

namespace {

template <class Scalar>
void print_losses(const tn::Dataset& train) {
  tn::BasicMLP<Scalar, tn::ReLU, 784, 30, 30, 10> net{tn::Seed{0}};
  tn::SGD optimizer{net, {.lr = 0.003}};
  for (int step = 0; step < 60; ++step) {
    const auto loss = tn::cross_entropy(net(train.images), train.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    std::printf("%.17g\n", static_cast<double>(loss.item()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const tn::Dataset train = argc > 1 ? tn::read_mnist(argv[1]).train : tn::synthetic_digits(60000, 10).first;
  print_losses<float>(train);
  print_losses<double>(train);
}
