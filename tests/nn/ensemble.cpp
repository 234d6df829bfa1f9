// Nets that are trained together have the bits that each of them has alone.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <tinynet/data/batches.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/ensemble.hpp>
#include <vector>

namespace tn = tinynet;
using tn::Index;

namespace {

// Images of which the given part of the bytes is not 0, and their classes.
tn::Dataset random_dataset(Index rows, Index cols, double density) {
  tn::Generator generator{tn::Seed{7}};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rows * cols));
  for (auto& byte : bytes)
    byte = generator.uniform(0, 1) < density ? static_cast<std::uint8_t>(1 + generator.below(255)) : std::uint8_t{0};
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(rows));
  for (auto& label : labels) label = static_cast<std::uint8_t>(generator.below(10));
  return {tn::Images(std::move(bytes), rows, 1, cols), std::move(labels)};
}

std::vector<tn::Seed> seeds(std::uint64_t count) {
  std::vector<tn::Seed> list;
  for (std::uint64_t k = 0; k < count; ++k) list.push_back(tn::Seed{k});
  return list;
}

// Every net has another optimizer, or other settings.
template <class Net>
struct Optimizers {
  std::vector<tn::SGD<typename Net::Scalar>> sgd;
  std::vector<tn::Adam<typename Net::Scalar>> adam;
  void add(Net& net) {
    const auto k = static_cast<double>(sgd.size());
    sgd.emplace_back(net, tn::SGDOptions{.lr = 0.01 * (1 + k), .momentum = 0.1 * k});
    adam.emplace_back(net, tn::AdamOptions{.lr = 0.001 * (1 + k)});
  }
  void step(std::size_t k) { k % 2 == 0 ? sgd[k].step() : adam[k].step(); }
};

template <class Net>
bool same_parameters(Net& a, Net& b) {
  const auto x = tn::flat_parameters(a), y = tn::flat_parameters(b);
  return (x->value.array() == y->value.array()).all();
}

// Trains `count` nets together and alone for as many steps as `next` gives batches: (rows, labels) of step i.
template <Index K, class Net, class Next>
void compare(std::uint64_t count, int steps, const Next& next) {
  tn::Ensemble<K, Net> nets{seeds(count)};
  std::vector<Net> alone;
  for (const tn::Seed seed : seeds(count)) alone.emplace_back(seed);
  Optimizers<Net> together_optimizers, alone_optimizers;
  for (std::size_t k = 0; k < count; ++k) {
    together_optimizers.add(nets[static_cast<Index>(k)]);
    alone_optimizers.add(alone[k]);
  }
  for (int i = 0; i < steps; ++i) {
    const auto [x, labels] = next(i);
    const auto losses = tn::cross_entropy(nets(x), labels, {.label_smoothing = 0.1});
    REQUIRE(losses.size() == static_cast<Index>(count));
    nets.zero_grad();
    losses.backward();
    nets.for_each([&](Index k) { together_optimizers.step(static_cast<std::size_t>(k)); });
    for (std::size_t k = 0; k < count; ++k) {
      CAPTURE(i);
      CAPTURE(k);
      const auto loss = tn::cross_entropy(alone[k](x), labels, {.label_smoothing = 0.1});
      alone[k].zero_grad();
      loss.backward();
      alone_optimizers.step(k);
      CHECK(std::string(losses[static_cast<Index>(k)].node()->name) == loss.node()->name);
      CHECK(losses[static_cast<Index>(k)].item() == loss.item());
      CHECK(same_parameters(nets[static_cast<Index>(k)], alone[k]));
    }
  }
}

struct Threads {
  explicit Threads(int count) { tn::set_num_threads(count); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { tn::set_num_threads(0); }
};

}  // namespace

TEST_CASE("full batch: lists, dense bytes and floats; float and double; any number of threads") {
  // Rows for several parts with several tiles, and units that are off in most rows.
  const tn::Dataset data = random_dataset(4200, 40, 0.2);
  const tn::Matrix<float> floats = data.images.matrix().cast<float>() / 255;
  for (const int threads : {1, 3}) {
    const Threads guard(threads);
    compare<3, tn::MLP<40, 40, 20, 10>>(3, 2, [&](int) { return std::pair(data.images, data.labels); });
    compare<2, tn::BasicMLP<double, tn::Tanh, 40, 12, 10>>(
        2, 1, [&](int) { return std::pair(data.images * (1.0 / 255), data.labels); });
    compare<2, tn::MLP<40, 40, 10>>(
        2, 1, [&](int) { return std::pair(tn::ConstMatrixView<std::uint8_t>(data.images.matrix()), data.labels); });
    compare<2, tn::BasicMLP<float, tn::GELU, 40, 10>>(
        2, 1, [&](int) { return std::pair(tn::ConstMatrixView<float>(floats.data(), 4200, 40), data.labels); });
  }
}

TEST_CASE("more nets than are taken at a time") {
  const tn::Dataset data = random_dataset(600, 20, 0.3);
  const Threads guard(3);
  compare<tn::dynamic, tn::MLP<20, 12, 10>>(17, 2, [&](int) { return std::pair(data.images, data.labels); });
}

TEST_CASE("shuffled mini-batches") {
  const tn::Dataset data = random_dataset(700, 40, 0.2);
  tn::Generator generator{tn::Seed{3}};
  const std::vector<Index> order = tn::random_permutation(700, generator);
  std::vector<std::uint8_t> labels;
  for (const Index row : order) labels.push_back(data.labels[static_cast<std::size_t>(row)]);
  compare<4, tn::MLP<40, 30, 10>>(4, 7, [&](int i) {
    const auto begin = static_cast<std::size_t>(i) * 100;
    return std::pair(data.images(std::span(order).subspan(begin, 100)), std::span(labels).subspan(begin, 100));
  });
}

TEST_CASE("what cannot be fused is computed one net after another") {
  tn::set_engine(tn::Engine::tape);
  const tn::Dataset data = random_dataset(100, 8, 1);
  compare<2, tn::MLP<8, 6, 10>>(2, 2, [&](int) { return std::pair(data.images, data.labels); });
  tn::set_engine(tn::Engine::automatic);
}

TEST_CASE("nets of sizes given at run time, which need not be the same") {
  const tn::Dataset data = random_dataset(600, 8, 0.3);
  const std::vector<std::vector<Index>> sizes{{8, 40, 10}, {8, 10}, {8, 20, 30, 12}};
  std::vector<tn::DynamicMLP<>> list;
  for (const auto& s : sizes) list.emplace_back(s, tn::Tanh{}, tn::Seed{1});
  tn::Ensemble<tn::dynamic, tn::DynamicMLP<>> nets{list};
  const auto losses = tn::cross_entropy(nets(data.images), data.labels);
  losses.backward();
  for (Index k = 0; k < 3; ++k) {
    auto& alone = list[static_cast<std::size_t>(k)];
    const auto loss = tn::cross_entropy(alone(data.images), data.labels);
    loss.backward();
    CHECK(losses[k].item() == loss.item());
    CHECK(tn::flat_parameters(nets[k])->gradient == tn::flat_parameters(alone)->gradient);
  }
}

TEST_CASE("labels of its own for each net") {
  const tn::Dataset data = random_dataset(300, 8, 0.3);
  std::vector<std::vector<int>> labels(2, std::vector<int>(300, 3));
  labels[1].assign(300, 4);
  tn::Ensemble<2, tn::MLP<8, 6, 10>> nets{seeds(2)};
  const auto losses = tn::cross_entropy(nets(data.images), labels);
  for (Index k = 0; k < 2; ++k)
    CHECK(losses[k].item() == tn::cross_entropy(nets[k](data.images), labels[static_cast<std::size_t>(k)]).item());
  CHECK(losses[0].item() != losses[1].item());
  labels.emplace_back(300, 5);
  CHECK_THROWS_WITH(tn::cross_entropy(nets(data.images), labels),
                    "cross_entropy: expected labels for each of 2 nets, found 3 lists");
}

TEST_CASE("folds: each net learns from other rows") {
  const tn::Dataset data = random_dataset(900, 20, 0.3);
  constexpr Index folds = 3;
  std::vector<std::vector<int>> labels;  // net k leaves out every third row, beginning with row k
  for (std::size_t k = 0; k < folds; ++k) {
    labels.emplace_back(data.labels.begin(), data.labels.end());
    for (std::size_t row = k; row < labels[k].size(); row += folds) labels[k][row] = -1;
  }
  tn::Ensemble<folds, tn::MLP<20, 20, 10>> nets{seeds(folds)};
  const auto losses = tn::cross_entropy(nets(data.images), labels, {.ignore_index = -1});
  losses.backward();
  for (Index k = 0; k < folds; ++k) {
    tn::MLP<20, 20, 10> alone{tn::Seed{static_cast<std::uint64_t>(k)}};
    const auto loss = tn::cross_entropy(alone(data.images), labels[static_cast<std::size_t>(k)], {.ignore_index = -1});
    loss.backward();
    CHECK(losses[k].item() == loss.item());
    CHECK(tn::flat_parameters(nets[k])->gradient == tn::flat_parameters(alone)->gradient);
  }
}

TEST_CASE("a net that is not finite any more disturbs no other one; one that is stopped stays as it is") {
  const tn::Dataset data = random_dataset(600, 20, 0.3);
  tn::Ensemble<4, tn::MLP<20, 20, 10>> nets{seeds(4)}, untouched{seeds(4)};
  std::vector<tn::SGD<float>> optimizers;
  for (Index k = 0; k < 4; ++k) optimizers.emplace_back(nets[k], tn::SGDOptions{.lr = 0.01});
  nets[1].layer<1>().weight().value()(0, 0) = std::numeric_limits<float>::quiet_NaN();
  nets.stop(2);
  CHECK(nets.is_stopped(2));
  tn::MLP<20, 20, 10> alone{tn::Seed{3}};
  tn::SGD optimizer{alone, {.lr = 0.01}};
  for (int i = 0; i < 3; ++i) {
    const auto losses = tn::cross_entropy(nets(data.images), data.labels);
    CHECK(std::isnan(losses[1].item()));
    CHECK(!losses.has(2));
    CHECK_THROWS_AS(losses[2].item(), tn::Error);
    nets.zero_grad();
    losses.backward();
    std::array<int, 4> calls{};
    nets.for_each([&](Index k) {
      optimizers[static_cast<std::size_t>(k)].step();
      ++calls[static_cast<std::size_t>(k)];
    });
    CHECK(calls == std::array{1, 1, 0, 1});
    const auto loss = tn::cross_entropy(alone(data.images), data.labels);
    alone.zero_grad();
    loss.backward();
    optimizer.step();
    CHECK(losses[3].item() == loss.item());
  }
  CHECK(same_parameters(nets[3], alone));
  CHECK(same_parameters(nets[2], untouched[2]));
  nets.resume(2);
  const auto losses = tn::cross_entropy(nets(data.images), data.labels);
  CHECK(losses[2].item() == tn::cross_entropy(untouched[2](data.images), data.labels).item());
  for (Index k = 0; k < 4; ++k) nets.stop(k);
  CHECK(!tn::cross_entropy(nets(data.images), data.labels).has(0));
}

TEST_CASE("a net of an ensemble is a net like any other") {
  const tn::Dataset data = random_dataset(50, 20, 0.3);
  const tn::Ensemble<2, tn::MLP<20, 5, 10>> nets{seeds(2)};
  const auto outputs = nets(data.images);
  CHECK(outputs[1].value() == nets[1](data.images).value());
  CHECK(tn::evaluate(nets[0], data.images, data.labels).loss > 0);
}

TEST_CASE("the losses' gradients: retained, added up, of one net alone, and freed") {
  const tn::Dataset data = random_dataset(200, 20, 0.3);
  for (const auto engine : {tn::Engine::automatic, tn::Engine::tape}) {
    tn::set_engine(engine);
    tn::Ensemble<3, tn::MLP<20, 5, 10>> nets{seeds(3)};
    const auto gradient = [&](Index k) -> Eigen::VectorXf { return tn::flat_parameters(nets[k])->gradient; };
    auto losses = tn::cross_entropy(nets(data.images), data.labels);
    losses.backward(tn::RetainGraph{true});
    const auto once = gradient(1);
    CHECK(once.norm() > 0);
    losses.backward();
    CHECK(gradient(1) == 2 * once);
    CHECK_THROWS_AS(losses.backward(), tn::Error);
    CHECK_THROWS_AS(losses[2].backward(), tn::Error);
    CHECK(gradient(1) == 2 * once);
    nets.zero_grad();
    losses = tn::cross_entropy(nets(data.images), data.labels);
    losses[1].backward();
    CHECK(gradient(0).norm() == 0);
    CHECK(gradient(1) == once);
    CHECK_THROWS_AS(losses.backward(), tn::Error);  // that of net 1 is gone
    losses = tn::no_grad([&] { return tn::cross_entropy(nets(data.images), data.labels); });
    CHECK_THROWS_AS(losses.backward(), tn::Error);
  }
  tn::set_engine(tn::Engine::automatic);
}

TEST_CASE("copies, on the same device") {
  tn::Ensemble<2, tn::MLP<20, 5, 10>> nets{seeds(2)};
  nets.stop(1);
  auto copies = nets.to(tn::cpu);
  CHECK(copies.is_stopped(1));
  CHECK(!copies.is_stopped(0));
  nets[0].layer<0>().bias().value().setZero();
  CHECK(same_parameters(nets[1], copies[1]));
  CHECK(!same_parameters(nets[0], copies[0]));
}

TEST_CASE("for_each: several may be stopped at the same time, and the first exception is thrown on") {
  const Threads guard(3);
  tn::Ensemble<tn::dynamic, tn::MLP<20, 5, 10>> nets{seeds(40)};
  nets.for_each([&](Index k) {
    if (k % 3 != 0) nets.stop(k);
  });
  for (Index k = 0; k < nets.size(); ++k) CHECK(nets.is_stopped(k) == (k % 3 != 0));
  CHECK_THROWS_WITH(nets.for_each([&](Index k) { nets[k + 1]; }), "Ensemble: net 40 of 40");
}

TEST_CASE("errors") {
  using Nets = tn::Ensemble<2, tn::MLP<20, 5, 10>>;
  CHECK_THROWS_WITH(Nets{seeds(3)}, "Ensemble: expected 2 nets or seeds, found 3");
  Nets nets{seeds(2)};
  CHECK_THROWS_WITH(nets[2], "Ensemble: net 2 of 2");
  CHECK_THROWS_WITH(nets.stop(-1), "Ensemble: net -1 of 2");
  const tn::Matrix<float> x = tn::Matrix<float>::Zero(3, 20);
  CHECK_THROWS_WITH(tn::cross_entropy(nets(x), std::vector{0, 10, 1}), "cross_entropy: labels[1] is 10; expected 0..9");
}
