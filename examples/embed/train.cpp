// Trains a small net on drawn digits and writes it as a C++ header: train FILE. See embed.cpp.
#include <exception>
#include <iostream>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/io/cpp_header.hpp>
#include <tinynet/mlp.hpp>
namespace tn = tinynet;

int main(int argc, char** argv) try {
  const std::string path = argc > 1 ? argv[1] : "digits.hpp";
  const auto [train, test] = tn::synthetic_digits(4000, 1000);

  tn::MLP<784, 16, 10> net{tn::Seed{0}};
  tn::Adam optimizer{net, {.lr = 0.003}};
  tn::fit(net, optimizer, train.images * (1.0 / 255), train.labels, {.steps = 1000, .batch = 64});
  const tn::Evaluation result = tn::evaluate(net, test.images * (1.0 / 255), test.labels);

  // The example is the first digit of the test that the net gets right.
  tn::Index example = 0;
  for (const auto& wrong : result.misclassified) example += wrong.index == example ? 1 : 0;
  const auto pixels = test.images.matrix().row(example).cast<float>() / 255;
  tn::save_cpp_header(path, net, pixels, {.name = "digits"});
  std::cout << net << "\nright: " << 100 * result.accuracy << " % of " << test.size()
            << " test images\nwritten: " << path << '\n';

  if (result.accuracy >= 0.85) return 0;
  std::cerr << "embed_train: expected at least 85 %\n";
  return 1;
} catch (const std::exception& error) {
  std::cerr << "embed_train: " << error.what() << '\n';
  return 1;
}
