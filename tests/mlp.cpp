#include <doctest/doctest.h>

// A user's whole program, a few steps of it: <tinynet/mlp.hpp> must be all it needs beside a data set.
#include <cstdint>
#include <sstream>
#include <string>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>

#include "data/make_idx.hpp"

namespace tn = tinynet;

namespace {

// A folder with the four files of MNIST, of drawn digits.
void write_mnist(const test::TemporaryFolder& folder) {
  const auto write = [&](const std::string& split, const tn::Dataset& data) {
    const auto count = static_cast<std::uint32_t>(data.size());
    test::Bytes images = test::idx(8, {count, 28, 28}, 0), labels = test::idx(8, {count}, 0);
    images.insert(images.end(), data.images.data(), data.images.data() + data.images.rows() * data.images.cols());
    labels.insert(labels.end(), data.labels.begin(), data.labels.end());
    test::write_bytes(folder / (split + "-images-idx3-ubyte"), images);
    test::write_bytes(folder / (split + "-labels-idx1-ubyte"), labels);
  };
  const auto [train, test] = tn::synthetic_digits(500, 50);
  write("train", train);
  write("t10k", test);
}

}  // namespace

TEST_CASE("the program of the design") {
  const test::TemporaryFolder folder;
  write_mnist(folder);
  std::ostringstream out;

  const auto [train, test] = tn::read_mnist(folder.path());
  tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};  // ReLU between; the weights torch.manual_seed(0) gives
  tn::SGD optimizer{net, {.lr = 0.003f}};
  for (int step = 0; step < 41; ++step) {
    auto loss = tn::cross_entropy(net(train.images), train.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 20 == 0) out << "step= " << step << " loss= " << loss.item() << '\n';
  }

  // "step= 0 loss= 5.1234" and so on: three lines, and the loss falls.
  std::istringstream lines(out.str());
  std::string step, loss;
  double first = 0, last = 0;
  for (const int expected : {0, 20, 40}) {
    int number = -1;
    lines >> step >> number >> loss >> last;
    REQUIRE(lines);
    CHECK(step == "step=");
    CHECK(number == expected);
    CHECK(loss == "loss=");
    if (expected == 0) first = last;
  }
  CHECK(last > 0);
  CHECK(last < 0.5 * first);
  CHECK(tn::evaluate(net, test.images, test.labels).accuracy > 0.3);
}
