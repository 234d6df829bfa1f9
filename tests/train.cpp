#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/train.hpp>
#include <utility>
#include <vector>

using namespace tinynet;

namespace {

using Net = MLP<4, 8, 3>;
const Matrix<float> x = Matrix<float>::Random(10, 4);
const std::vector<int> labels{0, 1, 2, 0, 1, 2, 0, 1, 2, 0};

// Gives out what it is given: logits by hand.
struct Identity : Module<Identity, float> {
  template <class X>
  auto forward(const X& input) const {
    return detail::as_var<float>(input);
  }
};

}  // namespace

TEST_CASE("fit does what the loop does") {
  Net by_hand{Seed{1}}, fitted{Seed{1}};
  SGD first{by_hand, {.lr = 0.1}}, second{fitted, {.lr = 0.1}};
  std::vector<double> losses;
  for (int step = 0; step < 5; ++step) {
    const auto loss = cross_entropy(by_hand(x), labels);
    first.zero_grad();
    loss.backward();
    first.step();
    losses.push_back(static_cast<double>(loss.item()));
  }
  Index steps = 0;
  const FitResult result = fit(fitted, second, x, labels, {.steps = 5}, [&](const FitProgress& progress) {
    CHECK(progress.step == steps);
    CHECK(progress.loss == losses[static_cast<std::size_t>(steps)]);
    CHECK(progress.seconds >= 0);
    ++steps;
  });
  CHECK(steps == 5);
  CHECK(result.steps == 5);
  CHECK(result.loss == losses.back());
  CHECK(result.seconds >= 0);
  CHECK(flat_parameters(fitted)->value == flat_parameters(by_hand)->value);
  CHECK(second.steps() == 5);
}

TEST_CASE("labels as an Eigen vector") {
  const Eigen::Matrix<std::uint8_t, Eigen::Dynamic, 1> vector =
      Eigen::VectorXi::Map(labels.data(), 10).cast<std::uint8_t>();
  const auto train = [](const auto& classes, Index batch) {
    Net net{Seed{1}};
    SGD optimizer{net, {.lr = 0.1}};
    fit(net, optimizer, x, classes, {.steps = 6, .batch = batch});
    const Evaluation result = evaluate(net, x, classes);
    return std::pair(flat_parameters(net)->value, result.misclassified.size());
  };
  for (const Index batch : {0, 4}) CHECK(train(vector, batch) == train(labels, batch));
}

TEST_CASE("a callback stops the training by returning false") {
  Net net{Seed{1}};
  SGD optimizer{net};
  const FitResult result =
      fit(net, optimizer, x, labels, {.steps = 100}, [](const FitProgress& progress) { return progress.step < 6; });
  CHECK(result.steps == 7);
  CHECK(optimizer.steps() == 7);
  CHECK(fit(net, optimizer, x, labels, {.steps = 0}).steps == 0);
  CHECK(optimizer.steps() == 7);
}

TEST_CASE("in mini-batches every row is used once an epoch, in an order of the seed") {
  const auto train = [&](Seed seed) {
    Net net{Seed{1}};
    SGD optimizer{net, {.lr = 0.1}};
    fit(net, optimizer, x, labels, {.steps = 6, .batch = 4, .seed = seed});
    return flat_parameters(net)->value;
  };
  CHECK(train(Seed{1}) == train(Seed{1}));
  CHECK(train(Seed{1}) != train(Seed{2}));

  // With weights that do not change, an epoch's losses make up the loss of all rows.
  Net net{Seed{1}};
  SGD frozen{net, {.lr = 0}};
  const std::array<double, 3> rows{4, 4, 2};
  double sum = 0;
  fit(net, frozen, x, labels, {.steps = 3, .batch = 4, .seed = {5}},
      [&](const FitProgress& progress) { sum += progress.loss * rows[static_cast<std::size_t>(progress.step)]; });
  CHECK(sum / 10 == doctest::Approx(static_cast<double>(cross_entropy(net(x), labels).item())).epsilon(1e-6));
}

TEST_CASE("what a net with batch norm cannot do is said before the first step") {
  const Matrix<float> rows = Matrix<float>::Random(102, 4);
  std::vector<int> classes(102);
  for (std::size_t i = 0; i < 102; ++i) classes[i] = static_cast<int>(i % 3);
  const auto error_of = [&](auto& net, Index count, const FitOptions& options) -> std::string {
    SGD optimizer{net, {.lr = 0.1}};
    const Matrix<float> some = rows.topRows(count);
    try {
      fit(net, optimizer, some, std::vector<int>(classes.begin(), classes.begin() + count), options);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::usage);
      CHECK(optimizer.steps() == 0);
      return error.what();
    }
    CHECK(optimizer.steps() == options.steps);
    return "";
  };
  Generator g;
  Sequential net{Linear<4, 8>{g}, Sequential{BatchNorm1d<8>{}, ReLU{}}, Linear<8, 3>{g}};
  SequentialList<float> list;
  list.add(net);
  const std::string needs = "fit: the net needs 2 rows or more in training (batch norm), and ";
  const std::string last = needs + "of 101 rows in batches of 10 the last has 1; FitOptions::drop_last leaves it out";
  CHECK(error_of(net, 101, {.steps = 30, .batch = 10}) == last);
  CHECK(error_of(list, 101, {.steps = 11, .batch = 10}) == last);
  CHECK(error_of(net, 101, {.steps = 11, .batch = 1}) == needs + "a step has 1");
  CHECK(error_of(net, 1, {.steps = 1}) == needs + "a step has 1");
  CHECK(error_of(net, 1, {.steps = 1, .batch = 5}) == needs + "a step has 1");

  CHECK(error_of(net, 101, {.steps = 30, .batch = 10, .drop_last = true}).empty());
  CHECK(error_of(list, 101, {.steps = 30, .batch = 10, .drop_last = true}).empty());
  CHECK(error_of(net, 101, {.steps = 10, .batch = 10}).empty());  // does not come to it
  CHECK(error_of(net, 100, {.steps = 30, .batch = 10}).empty());
  CHECK(error_of(net, 102, {.steps = 30, .batch = 100}).empty());
  CHECK(error_of(net, 101, {.steps = 3}).empty());
  CHECK(error_of(net, 101, {.steps = 3, .batch = 500}).empty());
  net.eval();  // as it is in evaluation it needs no more than one
  CHECK(error_of(net, 101, {.steps = 30, .batch = 10}).empty());
  Net plain;
  CHECK(error_of(plain, 101, {.steps = 30, .batch = 10}).empty());
  CHECK(error_of(plain, 5, {.steps = 3, .batch = 10, .drop_last = true}) ==
        "Batches: with drop_last, expected at least as many rows as a batch has, found 5 rows and batches of 10");
}

TEST_CASE("images train as they are") {
  const auto [train, test] = synthetic_digits(300, 100);
  MLP<784, 10> net{Seed{1}};
  Adam optimizer{net};
  const double before = evaluate(net, test.images, test.labels).accuracy;
  fit(net, optimizer, train.images, train.labels, {.steps = 100, .batch = 50});
  CHECK(evaluate(net, test.images, test.labels).accuracy > before + 0.3);
}

TEST_CASE("divergence ends the training with an error") {
  Net net{Seed{1}};
  SGD optimizer{net, {.lr = 1e30}};
  try {
    fit(net, optimizer, x, labels, {.steps = 50});
    FAIL("no error was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::numeric);
    const std::string what = error.what();
    CHECK(what.starts_with("fit: the loss is "));
    CHECK(what.ends_with("; a lower learning rate may help"));
    CHECK(optimizer.steps() >= 1);
  }
}

TEST_CASE("evaluation: loss, accuracy, confusion, misclassified") {
  Matrix<float> logits(5, 3);
  logits << 1, 0, 0,  //
      0, 2, 1,        //
      0, 3, 1,        //
      4, 4, 4,        //
      -3, -2, -1;
  const std::vector<std::uint8_t> actual{0, 1, 2, 0, 0};
  const Identity net;
  const Evaluation result = evaluate(net, logits, actual);
  // torch.nn.functional.cross_entropy
  CHECK(result.loss == doctest::Approx(1.3270229902090416).epsilon(1e-6));
  CHECK(result.accuracy == 0.6);
  CHECK(result.predicted == std::vector<Index>{0, 1, 1, 0, 2});
  REQUIRE(result.confidence.size() == 5);
  CHECK(result.confidence[0] == doctest::Approx(std::exp(1.0) / (std::exp(1.0) + 2)).epsilon(1e-12));
  CHECK(result.confidence[3] == doctest::Approx(1.0 / 3).epsilon(1e-12));
  CHECK(result.confusion == Eigen::Matrix<Index, 3, 3>{{2, 0, 1}, {0, 1, 0}, {0, 1, 0}});
  REQUIRE(result.misclassified.size() == 2);
  CHECK(result.misclassified[0].index == 2);
  CHECK(result.misclassified[0].predicted == 1);
  CHECK(result.misclassified[0].actual == 2);
  CHECK(result.misclassified[1].index == 4);
}

TEST_CASE("a NaN among the outputs is not taken for a class") {
  Matrix<float> logits = Matrix<float>::Zero(3, 4);
  logits(1, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(argmax_rows(logits), "argmax: the number in row 1, column 2 is NaN", Error);
  CHECK_THROWS_AS(evaluate(Identity{}, logits, std::vector<int>{0, 0, 0}), Error);
  logits(1, 2) = std::numeric_limits<float>::infinity();
  CHECK(argmax_rows(logits) == std::vector<Index>{0, 2, 0});
  logits.row(0).setConstant(-std::numeric_limits<float>::infinity());
  CHECK(argmax_rows(logits) == std::vector<Index>{0, 2, 0});
}

TEST_CASE("evaluation records nothing and changes nothing") {
  Net net{Seed{1}};
  auto& flat = *flat_parameters(net);
  const auto before = flat.value;
  flat.gradient.setConstant(3);
  const Evaluation result = evaluate(net, x, labels);
  CHECK(flat.value == before);
  CHECK((flat.gradient.array() == 3).all());
  CHECK(result.loss == doctest::Approx(static_cast<double>(cross_entropy(net(x), labels).item())).epsilon(1e-6));
  CHECK(result.confusion.sum() == 10);
}
