// Shuffled mini-batches: a 784-128-10 net learns MNIST with Adam. minibatch [STEPS]; 10 epochs if not given.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>
#include <utility>
namespace tn = tinynet;

int main(int argc, char** argv) try {
  // MNIST from the folder $TINYNET_DATA, or digits that are drawn here.
  const char* const variable = std::getenv("TINYNET_DATA");
  const std::string folder = variable != nullptr ? variable : "";
  const auto load = [&]() -> tn::Mnist {
    if (!folder.empty()) return tn::read_mnist(folder);
    auto [train, test] = tn::synthetic_digits(20000, 2000);
    return {std::move(train), std::move(test)};
  };
  const auto [train, test] = load();
  std::cout << (folder.empty() ? "synthetic digits" : folder) << ": " << train.size() << " images to learn from, "
            << test.size() << " to test with\n";

  tn::MLP<784, 128, 10> net{tn::Seed{0}};
  tn::Adam optimizer{net, {.lr = 0.001}};
  constexpr double scale = 1.0 / 255;  // from bytes to 0 ... 1, when they are read
  auto batches = tn::batches(train, 64, {.seed = tn::Seed{1}});
  const tn::Index epoch = batches.per_epoch(), steps = argc > 1 ? std::atoi(argv[1]) : 10 * epoch;

  const auto start = std::chrono::steady_clock::now();
  double accuracy = 0;
  for (tn::Index step = 1; step <= steps; ++step) {
    const auto [images, labels] = batches.next();
    const auto loss = tn::cross_entropy(net(images * scale), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % epoch != 0 && step != steps) continue;
    accuracy = tn::evaluate(net, test.images * scale, test.labels).accuracy;
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::cout << std::setprecision(3) << "epoch " << (step + epoch - 1) / epoch << ", step " << step << ": "
              << 100 * accuracy << " % of the test images right, " << seconds.count() << " s\n";
  }

  const double wanted = steps < 10 * epoch ? 0.7 : folder.empty() ? 0.9 : 0.975;
  if (accuracy >= wanted) return 0;
  std::cerr << "minibatch: expected at least " << 100 * wanted << " %\n";
  return 1;
} catch (const std::exception& error) {
  std::cerr << "minibatch: " << error.what() << '\n';
  return 1;
}
