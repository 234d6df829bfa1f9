// The main job: MLP<784, 30, 30, 10> on MNIST, number by number as PyTorch, where $TINYNET_DATA (MNIST) and
// $TINYNET_REFERENCE (PyTorch's numbers) name folders; and on drawn digits what must hold without a reference.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string>
#include <tinynet/core/engine.hpp>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/io/safetensors.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "main_net.hpp"
#include "skip.hpp"

namespace tn = tinynet;
using tn::Index;

namespace {

template <class Scalar>
using Net = test::MainNet<Scalar>;
template <class Scalar>
using Vector = test::FlatVector<Scalar>;
using test::distance, test::gradient;

template <class Scalar>
Vector<Scalar>& weights(Net<Scalar>& net) {
  return tn::flat_parameters(net)->value;
}

template <class Scalar>
bool same_bits(const Vector<Scalar>& a, const Vector<Scalar>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), sizeof(Scalar) * static_cast<std::size_t>(a.size())) == 0;
}

// Plain gradient descent, a loss a step.
template <class Scalar, class X, class L>
std::vector<double> train(Net<Scalar>& net, const X& x, const L& labels, int steps) {
  tn::SGD optimizer{net, {.lr = 0.003}};
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    const auto loss = tn::cross_entropy(net(x), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    losses.push_back(static_cast<double>(loss.item()));
  }
  return losses;
}

// Calls check() with the engine that the library chooses by itself, and with the tape's.
template <class Check>
void with_both_engines(const Check& check) {
  check();
  tn::set_engine(tn::Engine::tape);
  INFO("by the tape");
  check();
  tn::set_engine(tn::Engine::automatic);
}

// Sanitizers make a step some twenty times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WITH_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER
#endif
#endif
#ifdef WITH_SANITIZER
constexpr int curve_steps = 3;
#else
constexpr int curve_steps = 60;
#endif

// ---- Against PyTorch -------------------------------------------------------------------------------------------

std::string reference_folder() {
  const char* const folder = std::getenv("TINYNET_REFERENCE");
  return folder == nullptr ? "" : folder;
}

bool can_compare() {
  if (std::getenv("TINYNET_DATA") != nullptr && !reference_folder().empty()) return true;
  test::skip("TINYNET_DATA and TINYNET_REFERENCE do not name folders");
  return false;
}

const tn::Dataset& mnist() {
  static const auto data = tn::read_mnist(std::getenv("TINYNET_DATA"));
  return data.train;
}

std::vector<double> read_curve(const std::string& folder) {
  std::ifstream file(reference_folder() + folder + "/curve.csv");
  REQUIRE(file);
  std::string line;
  REQUIRE(std::getline(file, line));
  REQUIRE(line == "step,loss");
  std::vector<double> losses;
  while (std::getline(file, line)) losses.push_back(std::stod(line.substr(line.find(',') + 1)));
  REQUIRE(losses.size() >= 60);
  return losses;
}

template <class Scalar>
bool starts_as(const std::string& folder) {
  Net<Scalar> net{tn::Seed{0}}, stored{tn::Seed{1}};
  tn::load_safetensors(reference_folder() + folder + "/init.safetensors", tn::state_dict(stored));
  return same_bits<Scalar>(weights(net), weights(stored));
}

}  // namespace

TEST_CASE("the weights of seed 0 are PyTorch's, bit for bit" * doctest::test_suite("reference")) {
  if (!can_compare()) return;
  CHECK(starts_as<float>("/seed0"));
  CHECK(starts_as<double>("/seed0_float64"));
}

TEST_CASE("MNIST: the first loss and gradients in float are float64's" * doctest::test_suite("reference")) {
  if (!can_compare()) return;
  with_both_engines([&] {
    Net<float> net{tn::Seed{0}};
    double loss = 0;
    gradient(net, mnist().images, mnist().labels, &loss);
    CHECK(std::abs(loss / read_curve("/seed0_float64")[0] - 1) < 3e-7);

    const auto file = tn::read_safetensors(reference_folder() + "/seed0_float64/step0_gradients.safetensors");
    const float* next = tn::flat_parameters(net)->gradient.data();
    std::vector<std::string> names;
    for (const auto& tensor : tn::state_dict(net)) {
      CAPTURE(tensor.name);
      const tn::StoredTensor* const stored = file.find(tensor.name);
      REQUIRE(stored != nullptr);
      REQUIRE(stored->dtype == tn::Dtype::F64);
      REQUIRE(stored->shape == tensor.shape);
      Vector<double> expected(tensor.size());
      std::memcpy(expected.data(), stored->bytes.data(), stored->bytes.size());
      const double d = distance(Eigen::Map<const Vector<float>>(next, tensor.size()).cast<double>(), expected);
      CHECK(d < 1e-5);
      next += tensor.size();
      names.push_back(tensor.name);
    }
    CHECK(names == std::vector<std::string>{"l1.weight", "l1.bias", "l2.weight", "l2.bias", "lo.weight", "lo.bias"});
  });
}

// The yardstick is float64's curve, the unit PyTorch's own distance from it in float.
TEST_CASE("MNIST: the first 60 losses in float are no farther from float64 than 3 times PyTorch's" *
          doctest::test_suite("reference")) {
  if (!can_compare()) return;
  with_both_engines([&] {
    Net<float> net{tn::Seed{0}};
    const auto losses = train(net, mnist().images, mnist().labels, curve_steps);
    const auto exact = read_curve("/seed0_float64"), torch = read_curve("/seed0");
    double unit = 0, farthest = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      CAPTURE(i);
      unit = std::max(unit, std::abs(torch[i] / exact[i] - 1));
      const double d = std::abs(losses[i] / exact[i] - 1);
      CHECK(d <= 3 * unit + 1e-5);
      farthest = std::max(farthest, d);
    }
    MESSAGE("farthest from float64: ", farthest, ", PyTorch's float32: ", unit);
  });
}

TEST_CASE("MNIST: the first 60 losses in double are PyTorch's" * doctest::test_suite("reference")) {
  if (!can_compare()) return;
  with_both_engines([&] {
    Net<double> net{tn::Seed{0}};
    const auto losses = train(net, mnist().images, mnist().labels, curve_steps);
    const auto exact = read_curve("/seed0_float64");
    double farthest = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      CAPTURE(i);
      const double d = std::abs(losses[i] / exact[i] - 1);
      CHECK(d <= 1e-9);
      farthest = std::max(farthest, d);
    }
    MESSAGE("farthest: ", farthest);
  });
}

// ---- What must hold on any data --------------------------------------------------------------------------------

TEST_CASE("on drawn digits the loss falls, and Adam soon reaches 90 % on others") {
  const auto [train_set, test_set] = tn::synthetic_digits(4000, 1000);
  Net<float> net{tn::Seed{0}};
  const auto losses = train(net, train_set.images, train_set.labels, 30);
  CHECK(losses.back() < 0.5 * losses.front());

  net = Net<float>{tn::Seed{0}};
  tn::Adam optimizer{net};
  tn::fit(net, optimizer, train_set.images, train_set.labels, {.steps = 600, .batch = 100});
  const tn::Evaluation result = tn::evaluate(net, test_set.images, test_set.labels);
  MESSAGE("test accuracy: ", result.accuracy);
  CHECK(result.accuracy >= 0.9);
}

TEST_CASE("SGD keeps the sums over the classes, and the weights of pixels that are always 0") {
  with_both_engines([&] {
    const auto data = tn::synthetic_digits(256, 0).first;
    Net<float> net{tn::Seed{0}};
    const Net<float> before(net);
    train(net, data.images, data.labels, 200);

    // Softmax minus the one-hot label sums to 0 in each row, so no gradient changes a sum over the classes.
    const auto& last = net.layer<2>();
    const auto& first = before.layer<2>();
    const auto drift =
        (last.weight().value().cast<double>().colwise().sum() - first.weight().value().cast<double>().colwise().sum())
            .cwiseAbs()
            .maxCoeff();
    const double bias_drift =
        std::abs(last.bias().value().cast<double>().sum() - first.bias().value().cast<double>().sum());
    MESSAGE("drift: ", drift, " and ", bias_drift);
    CHECK(drift < 2e-6);
    CHECK(bias_drift < 2e-6);
    CHECK((last.weight().value() - first.weight().value()).cwiseAbs().maxCoeff() > 1e-3);

    int dead = 0, unmoved = 0;
    for (Index pixel = 0; pixel < 784; ++pixel) {
      const bool same = net.layer<0>().weight().value().col(pixel) == before.layer<0>().weight().value().col(pixel);
      if ((data.images.matrix().col(pixel).array() == 0).all()) {
        ++dead;
        CHECK(same);
      } else {
        unmoved += same;
      }
    }
    CHECK(dead > 20);
    CHECK(dead < 700);
    CHECK(unmoved == 0);
  });
}

TEST_CASE("data twice over, or in another order, give the same gradient") {
  with_both_engines([&] {
    const auto data = tn::synthetic_digits(300, 0).first;
    Net<double> net{tn::Seed{3}};
    const auto once = gradient(net, data.images, data.labels);

    std::vector<Index> rows(600);
    std::iota(rows.begin(), rows.begin() + 300, 0);
    std::iota(rows.begin() + 300, rows.end(), 0);
    const auto labels_of = [&](const std::vector<Index>& which) {
      std::vector<int> labels;
      for (const Index row : which) labels.push_back(data.labels[static_cast<std::size_t>(row)]);
      return labels;
    };
    CHECK(distance(gradient(net, data.images(rows), labels_of(rows)), once) < 1e-12);

    tn::Generator generator{tn::Seed{5}};
    rows = tn::random_permutation(300, generator);
    CHECK(distance(gradient(net, data.images(rows), labels_of(rows)), once) < 1e-12);

    const std::vector<Index> one(1, 7), many(500, 7);
    CHECK(distance(gradient(net, data.images(many), labels_of(many)), gradient(net, data.images(one), labels_of(one))) <
          1e-12);
    CHECK(distance(gradient(net, data.images(one), labels_of(one)), once) > 1e-3);
  });
}

TEST_CASE("permuted hidden units and classes give permuted gradients") {
  with_both_engines([&] {
    const auto data = tn::synthetic_digits(300, 0).first;
    Net<double> net{tn::Seed{3}};
    tn::Generator generator{tn::Seed{5}};
    const auto units = tn::random_permutation(30, generator), classes = tn::random_permutation(10, generator);

    using Matrices = tn::MatrixView<double>;
    // Unit units[i] of the first hidden layer becomes unit i, class classes[c] becomes class c.
    const auto permute = [&](auto& from, auto& to, auto part) {
      const auto all = Eigen::all;
      part(to.template layer<0>().weight()) = part(from.template layer<0>().weight())(units, all);
      part(to.template layer<0>().bias()) = part(from.template layer<0>().bias())(all, units);
      part(to.template layer<1>().weight()) = part(from.template layer<1>().weight())(all, units);
      part(to.template layer<1>().bias()) = part(from.template layer<1>().bias());
      part(to.template layer<2>().weight()) = part(from.template layer<2>().weight())(classes, all);
      part(to.template layer<2>().bias()) = part(from.template layer<2>().bias())(all, classes);
    };
    Net<double> permuted(net);
    permute(net, permuted, [](auto& p) { return Matrices(p.data(), p.shape().rows, p.shape().cols); });
    std::vector<int> labels;
    for (const auto label : data.labels)
      labels.push_back(static_cast<int>(std::ranges::find(classes, Index{label}) - classes.begin()));

    double loss = 0, permuted_loss = 0;
    gradient(net, data.images, data.labels, &loss);
    const auto actual = gradient(permuted, data.images, labels, &permuted_loss);
    CHECK(std::abs(permuted_loss / loss - 1) < 1e-13);
    CHECK(distance(actual, tn::flat_parameters(net)->gradient) > 0.1);
    permute(net, permuted, [](auto& p) { return Matrices(p.gradient_data(), p.shape().rows, p.shape().cols); });
    CHECK(distance(actual, tn::flat_parameters(permuted)->gradient) < 1e-12);
  });
}

TEST_CASE("any number of threads gives the same bits") {
  const auto data = tn::synthetic_digits(3000, 0).first;
  const int threads_before = tn::num_threads();
  Vector<float> expected;
  for (const int threads : {1, 2, 3, 7}) {
    CAPTURE(threads);
    tn::set_num_threads(threads);
    Net<float> net{tn::Seed{0}};
    train(net, data.images, data.labels, 5);
    tn::Adam optimizer{net};
    tn::fit(net, optimizer, data.images, data.labels, {.steps = 5, .batch = 700});
    if (threads == 1) expected = weights(net);
    CHECK(same_bits<float>(weights(net), expected));
  }
  tn::set_num_threads(threads_before);
}
