#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <tinynet/core/engine.hpp>
#include <tinynet/data/batches.hpp>
#include <tinynet/tinynet.hpp>
#include <vector>

using namespace tinynet;

namespace {

// Row i holds i and 10 i; its label is i.
Matrix<float> make_rows(Index count) {
  Matrix<float> x(count, 2);
  for (Index i = 0; i < count; ++i) x.row(i) << static_cast<float>(i), static_cast<float>(10 * i);
  return x;
}

std::vector<int> make_labels(Index count) {
  std::vector<int> labels;
  for (int i = 0; i < count; ++i) labels.push_back(i);
  return labels;
}

// The labels of a batch, after a check that the rows are theirs.
template <class Batch>
std::vector<int> check(const Batch& batch) {
  const Rows rows = batch.x.as_rows();
  REQUIRE(rows.rows() == static_cast<Index>(batch.y.size()));
  REQUIRE(batch.x.size() == rows.rows());
  std::vector<float> copy(static_cast<std::size_t>(rows.shape().size()));
  const float* const numbers = rows.load(0, rows.rows(), copy.data());
  for (std::size_t i = 0; i < batch.y.size(); ++i) {
    CHECK(numbers[2 * i] == static_cast<float>(batch.y[i]));
    CHECK(numbers[2 * i + 1] == 10 * static_cast<float>(batch.y[i]));
  }
  return {batch.y.begin(), batch.y.end()};
}

// The labels of an epoch, in order.
template <class B>
std::vector<int> epoch(B& batches, const std::vector<std::size_t>& sizes) {
  std::vector<int> all;
  for (const std::size_t size : sizes) {
    const auto labels = check(batches.next());
    CHECK(labels.size() == size);
    all.insert(all.end(), labels.begin(), labels.end());
  }
  return all;
}

}  // namespace

TEST_CASE("drop_last leaves out the smaller batch at an epoch's end, and nothing else") {
  const auto x = make_rows(11);
  const auto labels = make_labels(11);
  Batches all(x, labels, 4, {.seed = {3}}), full(x, labels, 4, {.seed = {3}, .drop_last = true});
  CHECK(full.per_epoch() == 2);
  std::vector<std::vector<int>> epochs;
  for (int i = 0; i < 3; ++i) {
    auto expected = epoch(all, {4, 4, 3});
    expected.resize(8);
    epochs.push_back(epoch(full, {4, 4}));
    CHECK(epochs.back() == expected);
  }
  Batches skipped(x, labels, 4, {.seed = {3}, .drop_last = true});
  skipped.skip(4);
  CHECK(epoch(skipped, {4, 4}) == epochs[2]);

  Batches whole(x, labels, 11, {.drop_last = true}), even(x, labels, 1, {.shuffle = false, .drop_last = true});
  CHECK(whole.per_epoch() == 1);
  epoch(whole, {11, 11});
  CHECK(even.per_epoch() == 11);
  CHECK_THROWS_WITH_AS(
      Batches(x, labels, 12, {.drop_last = true}),
      "Batches: with drop_last, expected at least as many rows as a batch has, found 11 rows and batches of 12", Error);

  // Targets, too.
  const Matrix<float> targets = 2 * x;
  Batches pairs(x, targets, 4, {.drop_last = true});
  for (int i = 0; i < 5; ++i) CHECK(pairs.next().y.rows() == 4);
}

TEST_CASE("every row comes once an epoch, each epoch in another order") {
  const auto x = make_rows(11);
  const auto labels = make_labels(11);
  Batches batches(x, labels, 4, {.seed = {3}});
  CHECK(batches.per_epoch() == 3);
  std::set<std::vector<int>> orders{labels};
  for (int i = 0; i < 5; ++i) {
    auto order = epoch(batches, {4, 4, 3});
    orders.insert(order);
    std::ranges::sort(order);
    CHECK(order == labels);
  }
  CHECK(orders.size() == 6);
}

TEST_CASE("the order depends on the seed alone") {
  const auto x = make_rows(11);
  const auto labels = make_labels(11);
  const auto order = [&](std::uint64_t seed) {
    Batches batches(x, labels, 4, {.seed = {seed}});
    return epoch(batches, {4, 4, 3});
  };
  CHECK(order(1) == order(1));
  CHECK(order(1) != order(2));
}

TEST_CASE("unshuffled, rows come in their own order") {
  const auto x = make_rows(6);
  const auto labels = make_labels(6);
  Batches batches(x, labels, 4, {.shuffle = false});
  CHECK(epoch(batches, {4, 2}) == labels);
  CHECK(epoch(batches, {4, 2}) == labels);
  Batches all(x, labels, 100, {.shuffle = false});
  CHECK(all.per_epoch() == 1);
  CHECK(epoch(all, {6}) == labels);
}

TEST_CASE("all orders are equally likely") {
  const auto x = make_rows(3);
  const auto labels = make_labels(3);
  Batches batches(x, labels, 3, {.seed = {1}});
  std::array<int, 3> first{};
  for (int i = 0; i < 3000; ++i) ++first[static_cast<std::size_t>(batches.next().y[0])];
  for (const int count : first) CHECK(std::abs(count - 1000) < 130);  // five standard deviations
}

TEST_CASE("the batches of a data set") {
  std::vector<std::uint8_t> pixels, labels;
  for (std::uint8_t i = 0; i < 5; ++i) {
    pixels.push_back(i);
    pixels.push_back(static_cast<std::uint8_t>(10 * i));
    labels.push_back(i);
  }
  const Dataset data{Images(pixels, 5, 1, 2), labels};
  auto order = batches(data, 2);
  auto all = epoch(order, {2, 2, 1});
  std::ranges::sort(all);
  CHECK(all == make_labels(5));
}

TEST_CASE("column-major rows come as they are") {
  const Eigen::MatrixXf x = make_rows(5);
  const auto labels = make_labels(5);
  Batches batches(x, labels, 2);
  auto all = epoch(batches, {2, 2, 1});
  std::ranges::sort(all);
  CHECK(all == labels);
}

TEST_CASE("what makes no sense is refused") {
  const auto x = make_rows(5);
  const auto few = make_labels(4), no_labels = make_labels(0);
  CHECK_THROWS_WITH_AS(Batches(x, few, 2), "Batches: expected one label a row, found 5 rows and 4 labels", Error);
  const auto labels = make_labels(5);
  CHECK_THROWS_WITH_AS(Batches(x, labels, 0),
                       "Batches: expected a positive batch size and at least one row, found 0 and 5", Error);
  const auto none = make_rows(0);
  CHECK_THROWS_WITH_AS(Batches(none, no_labels, 2),
                       "Batches: expected a positive batch size and at least one row, found 2 and 0", Error);
}

TEST_CASE("batches that are skipped are those that would have been taken") {
  const auto x = make_rows(11);
  const auto labels = make_labels(11);
  for (const bool shuffle : {true, false})
    for (const Index before : {0, 1, 3, 4})
      for (const Index skipped : {0, 1, 2, 3, 4, 6, 7, 31}) {
        CAPTURE(shuffle);
        CAPTURE(before);
        CAPTURE(skipped);
        const BatchOptions options{.shuffle = shuffle, .seed = {3}};
        Batches taken(x, labels, 4, options), passed(x, labels, 4, options);
        for (Index i = 0; i < before; ++i) taken.next(), passed.next();
        for (Index i = 0; i < skipped; ++i) taken.next();
        passed.skip(skipped);
        for (int i = 0; i < 5; ++i) CHECK(check(passed.next()) == check(taken.next()));
      }
}

TEST_CASE("batches with numbers for targets") {
  const auto x = make_rows(11);
  const Eigen::MatrixXd two = (x.rowwise().sum() * Eigen::RowVector2f(1, -2)).cast<double>();
  const Eigen::VectorXf one = x.col(0);
  Batches pairs(x, two, 4, {.seed = {3}});
  Batches singles(x, one, 4, {.seed = {3}});
  const auto labels = make_labels(11);
  Batches classes(x, labels, 4, {.seed = {3}});
  CHECK(pairs.per_epoch() == 3);
  for (int i = 0; i < 7; ++i) {
    const auto [rows, y] = classes.next();
    const auto& pair = pairs.next().y;
    const auto& single = singles.next().y;
    REQUIRE((pair.rows() == static_cast<Index>(y.size()) && pair.cols() == 2 && single.cols() == 1));
    for (std::size_t r = 0; r < y.size(); ++r) {
      CHECK(pair(static_cast<Index>(r), 0) == 11 * y[r]);
      CHECK(pair(static_cast<Index>(r), 1) == -22 * y[r]);
      CHECK(single(static_cast<Index>(r)) == static_cast<float>(y[r]));
    }
  }
  const Eigen::MatrixXf few = Eigen::MatrixXf::Zero(4, 1);
  CHECK_THROWS_AS(Batches(x, few, 4), Error);
}

TEST_CASE("a regression in batches") {
  Generator generator(Seed{1});
  Matrix<float> x(64, 3);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = generator.uniform(-1, 1);
  const Matrix<float> y = x * Eigen::Vector3f(1, -2, 0.5);
  MLP<3, 1> net{Seed{2}};
  SGD optimizer{net, {.lr = 0.1}};
  Batches batches(x, y, 16, {.seed = {5}});
  for (int step = 0; step < 400; ++step) {
    const auto [rows, targets] = batches.next();
    const auto loss = mse_loss(net(rows), targets);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  CHECK((net.layer<0>().weight().value() - Eigen::RowVector3f(1, -2, 0.5)).norm() < 1e-4F);
}

namespace {

/// The gradient of a net by the sum of the losses of so many batches: of each by itself, and of all at the end.
template <class Make>
void check_accumulated(const Make& make, int count) {
  MLP<2, 5, 3> net{Seed{1}};
  using Gradient = FlatParameters<float>::Vector;
  const auto gradient = [&] { return Gradient(flat_parameters(net)->gradient); };
  auto one_by_one = make();
  for (int i = 0; i < count; ++i) {
    const auto [x, y] = one_by_one.next();
    cross_entropy(net(x), y).backward();
  }
  const Gradient expected = gradient();
  REQUIRE(expected.norm() > 0);
  for (const Engine engine : {Engine::automatic, Engine::tape}) {
    set_engine(engine);
    net.zero_grad();
    Var<float, 1, 1> total = constant(Matrix<float, 1, 1>::Zero());
    {
      auto batches = make();
      for (int i = 0; i < count; ++i) {
        const auto [x, y] = batches.next();
        total = total + cross_entropy(net(x), y);
      }
    }  // the batches are gone now
    total.backward();
    CHECK((gradient() - expected).norm() <= 1e-5f * expected.norm());
    // All batches first, then all losses.
    net.zero_grad();
    auto batches = make();
    std::vector<decltype(batches.next())> kept;
    for (int i = 0; i < count; ++i) kept.push_back(batches.next());
    total = constant(Matrix<float, 1, 1>::Zero());
    for (const auto& [x, y] : kept) total = total + cross_entropy(net(x), y);
    total.backward();
    CHECK((gradient() - expected).norm() <= 1e-5f * expected.norm());
  }
  set_engine(Engine::automatic);
}

}  // namespace

TEST_CASE("losses of several batches add up, across the end of an epoch, too") {
  const Matrix<float> x = Matrix<float>::Random(11, 2);
  std::vector<int> labels;
  for (int i = 0; i < 11; ++i) labels.push_back(i % 3);
  for (const int count : {1, 2, 3, 4, 9}) {
    CAPTURE(count);
    check_accumulated([&] { return Batches(x, labels, 4); }, count);
  }
  std::vector<std::uint8_t> pixels(22);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37 % 251);
  const Dataset data{Images(pixels, 11, 1, 2), {labels.begin(), labels.end()}};
  check_accumulated([&] { return batches(data, 4); }, 7);
}

TEST_CASE("a batch stays as it is as long as somebody has it, targets, too") {
  const Matrix<float> x = make_rows(5), t = x.col(1);
  Batches batches(x, t, 2);
  const auto first = batches.next();
  const Eigen::MatrixXf before = first.y;
  for (int i = 0; i < 7; ++i) {
    const auto next = batches.next();
    CHECK(&next.y != &first.y);
  }
  CHECK(first.y == before);
  std::vector<float> rows(4);
  first.x.as_rows().load(0, 2, rows.data());
  CHECK(rows[1] == before(0));
  CHECK(rows[3] == before(1));
}

TEST_CASE("labels in Eigen columns, and copies of such batches") {
  const Matrix<float> x = make_rows(7);
  const std::vector<int> labels = make_labels(7);
  Matrix<int> table = Matrix<int>::Constant(7, 2, 9);
  for (int i = 0; i < 7; ++i) table(i, 1) = i;
  Batches expected(x, labels, 3);
  Batches expression(x, table.col(1).cast<std::int64_t>(), 3);
  auto column = std::make_unique<Batches<Matrix<float>, int>>(x, table.col(1), 3);
  auto copy = *column;
  column.reset();
  for (int i = 0; i < 5; ++i) {
    const std::vector<int> wanted = check(expected.next());
    CHECK(check(copy.next()) == wanted);
    CHECK(check(expression.next()) == wanted);
  }
}
