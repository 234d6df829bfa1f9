// The fused step against the tape's general operations: the same loss and the same gradients.
#include <doctest/doctest.h>

#include <cmath>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <vector>

namespace tn = tinynet;
using tn::Index;

namespace {

struct Engines {
  ~Engines() { tn::set_engine(tn::Engine::automatic); }
};

// Bytes of which the given part is not 0.
std::vector<std::uint8_t> random_bytes(Index count, double density, tn::Generator& generator) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  for (auto& byte : bytes) {
    const bool on = generator.uniform(0, 1) < density;
    byte = on ? static_cast<std::uint8_t>(1 + generator.below(255)) : std::uint8_t{0};
  }
  return bytes;
}

std::vector<int> random_labels(Index count, Index classes, tn::Generator& generator) {
  std::vector<int> labels(static_cast<std::size_t>(count));
  for (int& label : labels) label = static_cast<int>(generator.below(static_cast<std::uint64_t>(classes)));
  return labels;
}

template <class Net>
using Vector = typename tn::FlatParameters<typename Net::Scalar>::Vector;

// The loss and the gradient of one engine.
template <class Net, class X>
std::pair<double, Vector<Net>> step(Net& net, tn::Engine engine, const X& x, const std::vector<int>& labels,
                                    tn::CrossEntropyOptions options) {
  const Engines restore;
  tn::set_engine(engine);
  auto flat = tn::flat_parameters(net);
  flat->gradient.setZero();
  const auto loss = tn::cross_entropy(net(x), labels, options);
  CHECK(std::string(loss.node()->name) == (engine == tn::Engine::tape ? "cross_entropy" : "fused_loss"));
  loss.backward();
  return {loss.item(), flat->gradient};
}

template <class Net, class X>
void compare(Net& net, const X& x, const std::vector<int>& labels, tn::CrossEntropyOptions options = {}) {
  const double tolerance = std::is_same_v<typename Net::Scalar, float> ? 2e-6 : 1e-13;
  const auto [fused, fused_gradient] = step(net, tn::Engine::automatic, x, labels, options);
  const auto [tape, tape_gradient] = step(net, tn::Engine::tape, x, labels, options);
  CHECK(fused == doctest::Approx(tape).epsilon(tolerance));
  const double size = std::max<double>(1e-3, static_cast<double>(tape_gradient.norm()));
  CHECK(static_cast<double>((fused_gradient - tape_gradient).norm()) <= 10 * tolerance * size);
}

// Every way to give the same input: dense floats, bytes without and with lists, a selection of rows.
template <class Net>
void compare_inputs(Index rows, double density, unsigned seed) {
  CAPTURE(rows);
  CAPTURE(density);
  tn::Generator generator{tn::Seed{seed}};
  Net net{tn::Seed{seed}};
  constexpr Index in = Net::sizes.front();
  const auto labels = random_labels(rows, Net::sizes.back(), generator);
  const tn::Images images(random_bytes(rows * in, density, generator), rows, 1, in);
  const tn::Matrix<float> floats = images.matrix().cast<float>() / 255.0f;
  compare(net, floats, labels);
  auto& first = net.template layer<0>().weight();
  first.value() /= 255;  // the same activations for bytes
  compare(net, images, labels);
  compare(net, images.matrix(), labels, {.label_smoothing = 0.1});
  const std::vector<Index> chosen = tn::random_permutation(rows, generator);
  compare(net, images(chosen), labels, {.reduction = tn::Reduction::sum});
}

}  // namespace

TEST_CASE("the fused step gives the tape's loss and gradients: rows and densities") {
  const Index rows[] = {1, 2, 239, 240, 241, 1000};
  const double densities[] = {0.0, 0.01, 0.2, 0.6, 1.0};
  for (unsigned seed = 0; const Index n : rows)
    for (const double density : densities) compare_inputs<tn::MLP<20, 30, 30, 10>>(n, density, ++seed);
}

TEST_CASE("layers narrower and wider than the SIMD width and than a panel, float and double") {
  compare_inputs<tn::MLP<784, 3>>(300, 0.2, 1);
  compare_inputs<tn::BasicMLP<float, tn::ELU, 5, 70, 1, 20>>(300, 0.3, 2);
  compare_inputs<tn::BasicMLP<double, tn::SiLU, 12, 33, 9>>(300, 0.6, 3);
}

TEST_CASE("random layer lists, activations, losses, row counts and densities, in double") {
  const Index rows[] = {1, 2, 239, 240, 241, 1000};
  const double densities[] = {0.0, 0.01, 0.2, 0.6, 1.0};
  const tn::AnyActivation activations[] = {tn::ReLU{}, tn::LeakyReLU{}, tn::ELU{},  tn::Sigmoid{},
                                           tn::Tanh{}, tn::Softplus{},  tn::SiLU{}, tn::GELU{}};
  tn::Generator generator{tn::Seed{11}};
  const auto below = [&generator](Index n) {
    return static_cast<Index>(generator.below(static_cast<std::uint64_t>(n)));
  };
  for (int i = 0; i < 40; ++i) {
    const Index n = i == 39 ? 60000 : rows[i % 6];
    std::vector<Index> sizes{1 + below(60)};
    for (Index layers = i == 38 ? 16 : 1 + below(4); layers > 0; --layers)
      sizes.push_back(1 + below(n > 1000 ? 20 : 70));
    CAPTURE(sizes);
    CAPTURE(n);
    CAPTURE(i);
    tn::DynamicMLP<double> net(sizes, activations[i % 8], tn::Seed{static_cast<std::uint64_t>(i)});
    const Index in = sizes.front(), out = sizes.back();
    const tn::Images images(random_bytes(n * in, densities[i % 5], generator), n, 1, in);
    const auto scaled = images * (1.0 / 255);
    const auto labels = random_labels(n, out, generator);
    const Eigen::MatrixXd target = Eigen::MatrixXd::Random(n, out);
    const Eigen::ArrayXXd binary = (target.array() > 0).cast<double>();
    auto flat = tn::flat_parameters(net);
    const auto step = [&](tn::Engine engine) {
      const Engines restore;
      tn::set_engine(engine);
      flat->gradient.setZero();
      const auto loss = i % 3 == 0   ? tn::cross_entropy(net(scaled), labels)
                        : i % 3 == 1 ? tn::mse_loss(net(scaled), target)
                                     : tn::bce_with_logits(net(scaled), binary);
      CHECK((std::string(loss.node()->name) == "fused_loss") == (engine != tn::Engine::tape));
      loss.backward();
      return std::pair{loss.item(), flat->gradient.eval()};
    };
    const auto [fused, fused_gradient] = step(tn::Engine::automatic);
    const auto [tape, tape_gradient] = step(tn::Engine::tape);
    CHECK(fused == doctest::Approx(tape).epsilon(1e-12));
    CHECK((fused_gradient - tape_gradient).norm() <= 1e-11 * std::max(1e-3, tape_gradient.norm()));
  }
}

TEST_CASE("rows whose label is ignore_index do not count") {
  tn::Generator generator{tn::Seed{6}};
  const Index rows = 1000;
  tn::MLP<20, 30, 10> net;
  net.layer<0>().weight().value() /= 255;
  const tn::Images images(random_bytes(rows * 20, 0.3, generator), rows, 1, 20);
  auto labels = random_labels(rows, 10, generator);
  for (std::size_t i = 0; i < labels.size(); i += 3) labels[i] = -1;
  for (const auto reduction : {tn::Reduction::mean, tn::Reduction::sum})
    compare(net, images, labels, {.reduction = reduction, .label_smoothing = 0.1, .ignore_index = -1});
  std::vector<Index> kept;
  std::vector<int> kept_labels;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] >= 0) {
      kept.push_back(static_cast<Index>(i));
      kept_labels.push_back(labels[i]);
    }
  const auto some = step(net, tn::Engine::automatic, images, labels, {.ignore_index = -1});
  const auto alone = step(net, tn::Engine::automatic, images(kept), kept_labels, {});
  CHECK(some.first == doctest::Approx(alone.first).epsilon(1e-6));
  CHECK((some.second - alone.second).norm() <= 1e-5f * alone.second.norm());
  labels.assign(labels.size(), -1);
  const auto none = step(net, tn::Engine::automatic, images, labels, {.ignore_index = -1});
  CHECK(std::isnan(none.first));
  CHECK((none.second.array() == 0).all());
}

TEST_CASE("units that are off in all rows, in most rows and in none of them") {
  tn::Generator generator{tn::Seed{4}};
  const Index rows = 5000, in = 40;
  const auto labels = random_labels(rows, 10, generator);
  const tn::Images images(random_bytes(rows * in, 0.3, generator), rows, 1, in);
  tn::MLP<in, 70, 30, 10> net;
  auto& first = net.layer<0>();
  first.weight().value() /= 255;
  for (Index unit = 0; unit < 70; ++unit)  // every second one; in some packs all
    if (unit % 2 == 0 || unit > 40) first.bias().value().data()[unit] = unit % 10 == 0 ? -0.4f : -100.0f;
  compare(net, images, labels);
  compare(net, images.matrix(), labels);
  const auto all = step(net, tn::Engine::automatic, images, labels, {});
  for (const int threads : {1, 3, 8}) {
    tn::set_num_threads(threads);
    CHECK(step(net, tn::Engine::automatic, images, labels, {}) == all);
  }
  tn::set_num_threads(0);
  first.bias().value().setConstant(-100);  // nothing passes at all
  compare(net, images, labels);
}

TEST_CASE("a Sequential chain, with and without biases and a last activation, takes the fused step") {
  tn::Generator generator{tn::Seed{5}};
  const tn::Matrix<float> x = tn::Matrix<float>::Random(500, 9);
  const auto labels = random_labels(500, 4, generator);
  tn::Sequential plain{tn::Linear<9, 6>{generator}, tn::Tanh{}, tn::Linear<6, 4>{generator, tn::Bias{false}}};
  compare(plain, x, labels);
  tn::Sequential ending{tn::Linear<9, 6>{generator}, tn::Linear<6, 4>{generator}, tn::SiLU{}};
  compare(ending, x, labels);
}

TEST_CASE("what cannot be fused takes the general way") {
  tn::Generator generator{tn::Seed{5}};
  const tn::Matrix<float> x = tn::Matrix<float>::Random(50, 9);
  const auto labels = random_labels(50, 4, generator);
  tn::MLP<9, 6, 4> net;
  const auto output = net(x);
  CHECK(output.value().rows() == 50);  // somebody has looked
  CHECK(std::string(tn::cross_entropy(output, labels).node()->name) == "cross_entropy");
  const auto loss = tn::no_grad([&] { return tn::cross_entropy(net(x), labels); });
  CHECK(!loss.requires_grad());
  const auto input = tn::variable(x);
  const auto by_input = tn::cross_entropy(net(input), labels);
  by_input.backward();
  CHECK(input.grad().norm() > 0);
  tn::Sequential norms{tn::Linear<9, 4>{generator}, tn::Softmax{}};
  CHECK(std::string(tn::cross_entropy(norms(x), labels).node()->name) == "cross_entropy");
}

TEST_CASE("the fused engine, insisted on, refuses what cannot be fused; evaluation is not concerned") {
  const Engines restore;
  tn::set_engine(tn::Engine::fused);
  tn::MLP<9, 6, 4> net;
  const tn::Matrix<float> x = tn::Matrix<float>::Random(3, 9);
  const std::vector labels{0, 1, 2};
  CHECK_NOTHROW(tn::cross_entropy(net(x), labels));
  CHECK_NOTHROW(tn::no_grad([&] { return tn::cross_entropy(net(x), labels); }));
  CHECK_THROWS_AS(tn::cross_entropy(net(tn::variable(x)), labels), tn::Error);
}

TEST_CASE("losses of elements") {
  tn::BasicMLP<double, tn::Tanh, 9, 6, 4> net;
  const tn::Matrix<double> x = tn::Matrix<double>::Random(300, 9);
  const Eigen::MatrixXd target = Eigen::MatrixXd::Random(300, 4);
  const Eigen::ArrayXXd binary = (target.array() > 0).cast<double>();
  auto flat = tn::flat_parameters(net);
  const auto gradient = [&](const auto& loss, const char* name) {
    CHECK(std::string(loss.node()->name) == name);
    flat->gradient.setZero();
    loss.backward();
    return flat->gradient.eval();
  };
  // `compute` gives the loss of an output, or of its variable, which takes the general way.
  const auto check = [&](const char* name, const auto& compute) {
    CAPTURE(name);
    const auto fused = compute(net(x)), general = compute(net(x).var());
    CHECK(fused.item() == doctest::Approx(general.item()).epsilon(1e-13));
    const auto expected = gradient(general, name);
    CHECK((gradient(fused, "fused_loss") - expected).norm() <= 1e-13 * expected.norm());
  };
  for (const auto reduction : {tn::Reduction::mean, tn::Reduction::sum}) {
    check("mse_loss", [&](const auto& y) { return tn::mse_loss(y, target, reduction); });
    check("l1_loss", [&](const auto& y) { return tn::l1_loss(y, target, reduction); });
    for (const double delta : {0.1, 1.0})
      check("huber_loss",
            [&](const auto& y) { return tn::huber_loss(y, target, {.delta = delta, .reduction = reduction}); });
    check("bce_with_logits", [&](const auto& y) { return tn::bce_with_logits(y, binary, reduction); });
  }
}

TEST_CASE("errors are those of the general way") {
  tn::MLP<9, 6, 4> net;
  const tn::Matrix<float> x = tn::Matrix<float>::Random(3, 9), wide = tn::Matrix<float>::Random(3, 8);
  CHECK_THROWS_WITH(tn::cross_entropy(net(x), std::vector{0, 4, 1}), "cross_entropy: labels[1] is 4; expected 0..3");
  CHECK_THROWS_WITH(tn::cross_entropy(net(x), std::vector{0, 1}),
                    "cross_entropy: expected one label a row of the logits [3, 4], found 2 labels");
  CHECK_THROWS_WITH(tn::cross_entropy(net(wide), std::vector{0, 1, 2}),
                    "linear: the input must have as many columns as the weight [out, in]; found [3, 8] and [6, 9]");
}

TEST_CASE("one result for any number of threads and any address") {
  tn::Generator generator{tn::Seed{8}};
  const Index rows = 3001;
  const auto bytes = random_bytes(rows * 50, 0.2, generator);
  const auto labels = random_labels(rows, 10, generator);
  tn::MLP<50, 30, 10> net;
  const tn::Images images(bytes, rows, 1, 50);
  const auto sparse = step(net, tn::Engine::automatic, images, labels, {});
  const auto dense = step(net, tn::Engine::automatic, images.matrix(), labels, {});
  for (const int threads : {1, 2, 3, 4, 7, 16}) {
    tn::set_num_threads(threads);
    CHECK(step(net, tn::Engine::automatic, images, labels, {}) == sparse);
    CHECK(step(net, tn::Engine::automatic, images.matrix(), labels, {}) == dense);
  }
  tn::set_num_threads(0);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::vector<std::uint8_t> moved(bytes.size() + offset);
    std::copy(bytes.begin(), bytes.end(), moved.begin() + static_cast<std::ptrdiff_t>(offset));
    const tn::ConstMatrixView<std::uint8_t> view(moved.data() + offset, rows, 50);
    CHECK(step(net, tn::Engine::automatic, view, labels, {}) == dense);
  }
}

TEST_CASE("losses that were computed together are added; backward scales by what is above") {
  tn::MLP<9, 6, 4> net;
  const tn::Matrix<float> x = tn::Matrix<float>::Random(30, 9);
  tn::Generator generator{tn::Seed{5}};
  const auto labels = random_labels(30, 4, generator);
  auto flat = tn::flat_parameters(net);
  flat->gradient.setZero();
  tn::cross_entropy(net(x), labels).backward();
  const auto once = flat->gradient.eval();
  flat->gradient.setZero();
  (tn::cross_entropy(net(x), labels) * 0.5 + tn::cross_entropy(net(x), labels)).backward();
  CHECK((flat->gradient - 1.5f * once).norm() <= 1e-6f * once.norm());
}

TEST_CASE("the gradient of a loss does not get into a net that has taken the place of the loss's own") {
  tn::MLP<4, 6, 3> net{tn::Seed{1}};
  const tn::Matrix<float> x = tn::Matrix<float>::Ones(5, 4);
  const std::vector<int> labels(5, 1);
  const auto loss = tn::cross_entropy(net(x), labels);
  const std::string name = loss.node()->name;
  CHECK(name == "fused_loss");
  net = tn::MLP<4, 6, 3>{tn::Seed{2}};
  CHECK_THROWS_WITH_AS(loss.backward(), doctest::Contains("the parameters have been moved since they were used"),
                       tn::Error);
  tn::cross_entropy(net(x), labels).backward();
  CHECK(tn::flat_parameters(net)->gradient.norm() > 0);
}
