// NaN and infinity end a training at once, wherever they come from: a loss need not show them.
#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <random>
#include <string>
#include <tinynet/mlp.hpp>
#include <tinynet/train.hpp>
#include <vector>

using namespace tinynet;

namespace {

constexpr Index rows = 24, columns = 6;
constexpr float infinity = std::numeric_limits<float>::infinity();
const std::vector<int> labels{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2};

/// Numbers of which some columns are 0 in every row, as the pixels at the edge of a picture are.
Matrix<float> inputs() {
  Matrix<float> x(rows, columns);
  std::mt19937 engine(3);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(1 + engine() % 255);
  x.col(0).setZero();
  x.col(4).setZero();
  return x;
}

/// Where a number is put that is not finite.
enum class Where { weights, memory, inputs };

struct Fault {
  Where where;
  std::size_t place;  // any number
  float number;
};

/// Makes three good steps, puts the number there, and counts the further steps until somebody notices: 0 is at once;
/// -1 if nobody does within two.
template <class Net, class MakeOptimizer>
int steps_until_seen(const MakeOptimizer& make, const Fault& fault) {
  Net net{Seed{1}};
  auto optimizer = make(net);
  Matrix<float> x = inputs() * 0.01f;
  REQUIRE(fit(net, optimizer, x, labels, {.steps = 3}).steps == 3);
  const auto put = [&fault](auto& numbers) {
    numbers.data()[fault.place % static_cast<std::size_t>(numbers.size())] = fault.number;
  };
  if (fault.where == Where::weights) put(flat_parameters(net)->value);
  if (fault.where == Where::inputs) put(x);
  if (fault.where == Where::memory) {
    auto state = optimizer.state();
    put(state[fault.place % state.size()]);
    optimizer.restore(optimizer.steps(), std::move(state));
  }
  int seen = -1, steps = 0;
  try {
    fit(net, optimizer, x, labels, {.steps = 2}, [&](const FitProgress&) { ++steps; });
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::numeric);
    seen = steps;
  }
  return seen;
}

template <class Activation>
int steps_until_seen(std::size_t optimizer, const Fault& fault) {
  using Net = BasicMLP<float, Activation, columns, 5, 4, 3>;
  const auto with = [&](const auto& make) { return steps_until_seen<Net>(make, fault); };
  switch (optimizer % 7) {
    case 0:
      return with([](Net& net) { return SGD{net, {.lr = 0.01}}; });
    case 1:
      return with([](Net& net) { return SGD{net, {.lr = 0.01, .momentum = 0.9}}; });
    case 2:
      return with([](Net& net) { return Adam{net}; });
    case 3:
      return with([](Net& net) { return AdamW{net}; });
    case 4:
      return with([](Net& net) { return RMSprop{net}; });
    case 5:
      return with([](Net& net) { return Adagrad{net}; });
    default:
      return with([](Net& net) { return Adadelta{net}; });
  }
}

}  // namespace

TEST_CASE("a number that is not finite is seen in its step or the next, in any of 1000 places") {
  std::mt19937 engine(20);
  constexpr std::array numbers{std::numeric_limits<float>::quiet_NaN(), infinity, -infinity};
  for (int round = 0; round < 1000; ++round) {
    const Fault fault{static_cast<Where>(engine() % 3), engine(), numbers[engine() % 3]};
    const std::size_t optimizer = engine(), activation = engine() % 3;
    set_engine(engine() % 2 == 0 ? Engine::tape : Engine::automatic);
    const int seen = activation == 0   ? steps_until_seen<ReLU>(optimizer, fault)
                     : activation == 1 ? steps_until_seen<Tanh>(optimizer, fault)
                                       : steps_until_seen<Sigmoid>(optimizer, fault);
    CAPTURE(round);
    CAPTURE(static_cast<int>(fault.where));
    CAPTURE(fault.place);
    CAPTURE(fault.number);
    CAPTURE(optimizer % 7);
    CAPTURE(activation);
    CHECK(seen >= 0);
    CHECK(seen <= 1);
  }
  set_engine(Engine::automatic);
}

TEST_CASE("a unit with a weight of minus infinity is always off, and its loss finite") {
  MLP<columns, 5, 3> net{Seed{1}};
  SGD optimizer{net, {.lr = 0.01}};
  const Matrix<float> x = inputs();
  state_dict(net)[0].data[2 * columns + 3] = -infinity;
  CHECK(std::isfinite(cross_entropy(net(x), labels).item()));
  CHECK_THROWS_WITH_AS(fit(net, optimizer, x, labels, {.steps = 1}),
                       "fit: l1.weight's number 15 is -inf after step 0; a lower learning rate may help", Error);
}
