#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>

#include "../../cpu/same_bits.hpp"
#include "../testing.hpp"

using namespace tinynet;
using test::check_gradients;
using test::numbers;

namespace {

const test::Numbers a = numbers(5, 4, 1, -3, 3), target = numbers(5, 4, 2, -3, 3);
const std::vector<int> labels{3, 0, 1, 1, 2};
constexpr float infinity = std::numeric_limits<float>::infinity();

/// The loss of one row of floats, label 0.
float loss_of(const Eigen::RowVectorXf& logits) { return cross_entropy(constant(logits), std::vector<int>{0}).item(); }

/// The data error that cross_entropy throws for these labels.
template <class L>
std::string data_error(const L& wrong) {
  try {
    (void)cross_entropy(variable(a), wrong);
  } catch (const Error& error) {
    return error.code() == ErrorCode::data ? error.what() : "an error of another kind";
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("cross entropy is the mean, or the sum, of -log softmax at the labels") {
  const test::Numbers logs = log_softmax(constant(a)).value();
  double total = 0, smooth = 0;
  for (Index i = 0; i < 5; ++i) {
    total -= logs(i, labels[static_cast<std::size_t>(i)]);
    smooth -= 0.8 * logs(i, labels[static_cast<std::size_t>(i)]) + 0.2 * logs.row(i).mean();
  }
  const auto x = variable(a);
  CHECK(std::abs(cross_entropy(x, labels).item() - total / 5) <= 1e-14);
  CHECK(std::abs(cross_entropy(x, labels, {.reduction = Reduction::sum}).item() - total) <= 1e-14);
  CHECK(std::abs(cross_entropy(x, labels, {.label_smoothing = 0.2}).item() - smooth / 5) <= 1e-14);
  const std::vector<std::uint8_t> bytes(labels.begin(), labels.end());
  const std::array<std::int64_t, 5> wide{3, 0, 1, 1, 2};
  CHECK(cross_entropy(x, bytes).item() == cross_entropy(x, labels).item());
  CHECK(cross_entropy(x, wide).item() == cross_entropy(x, labels).item());
}

TEST_CASE("rows whose label is ignore_index do not count") {
  const std::vector<int> some{3, -100, 1, -100, 2};  // rows 1 and 3 are left out
  const Eigen::MatrixXd kept = a(std::vector<int>{0, 2, 4}, Eigen::all);
  for (const auto reduction : {Reduction::mean, Reduction::sum})
    for (const double smoothing : {0.0, 0.3}) {
      const auto x = variable(a), y = variable(kept);
      const auto loss =
          cross_entropy(x, some, {.reduction = reduction, .label_smoothing = smoothing, .ignore_index = -100});
      const auto expected =
          cross_entropy(y, std::vector<int>{3, 1, 2}, {.reduction = reduction, .label_smoothing = smoothing});
      CHECK(std::abs(loss.item() - expected.item()) <= 1e-14);
      loss.backward();
      expected.backward();
      for (Index i = 0; i < 5; ++i) {
        const Eigen::RowVectorXd row = i % 2 == 0 ? y.grad().row(i / 2).eval() : Eigen::RowVectorXd::Zero(4).eval();
        CHECK((x.grad().row(i) - row).norm() <= 1e-15);
      }
    }
  const auto x = variable(a);  // it may be a class, too
  CHECK(cross_entropy(x, labels, {.reduction = Reduction::sum, .ignore_index = 1}).item() <
        cross_entropy(x, labels, {.reduction = Reduction::sum}).item());
  const std::vector<int> none(5, 255);
  const auto loss = cross_entropy(x, none, {.ignore_index = 255});
  CHECK(std::isnan(loss.item()));
  loss.backward();
  CHECK((x.grad().array() == 0).all());
  CHECK(cross_entropy(x, none, {.reduction = Reduction::sum, .ignore_index = 255}).item() == 0);
  CHECK_THROWS_WITH(cross_entropy(x, some, {.ignore_index = 1}), "cross_entropy: labels[1] is -100; expected 0..3");
}

TEST_CASE("labels as Eigen vectors") {
  const auto x = variable(a);
  const float expected = static_cast<float>(cross_entropy(x, labels).item());
  const auto same = [&](const auto& vector) { return static_cast<float>(cross_entropy(x, vector).item()) == expected; };
  Eigen::VectorXi column(5);
  column << 3, 0, 1, 1, 2;
  const Eigen::Matrix<std::uint8_t, Eigen::Dynamic, 1> bytes = column.cast<std::uint8_t>();
  const Eigen::Matrix<std::int64_t, 1, 5> row = column.transpose().cast<std::int64_t>();
  const Eigen::ArrayXi array = column.array();
  Eigen::VectorXi longer(7);
  longer << 9, 3, 0, 1, 1, 2, 9;
  CHECK(same(column));
  CHECK(same(bytes));
  CHECK(same(row));
  CHECK(same(array));
  CHECK(same(longer.segment(1, 5)));
  CHECK(same(Eigen::Map<const Eigen::VectorXi>(labels.data(), 5)));
  static_assert(!Labels<Eigen::VectorXf> && !Labels<std::vector<bool>>);
  column(2) = 4;
  CHECK(data_error(column) == "cross_entropy: labels[2] is 4; expected 0..3");
  CHECK(test::usage_error([&] { (void)cross_entropy(x, longer); }) ==
        "cross_entropy: expected one label a row of the logits [5, 4], found 7 labels");
}

TEST_CASE("gradients of cross entropy") {
  check_gradients(
      "mean", [](const auto& x) { return cross_entropy(x * x, labels); }, a);
  check_gradients(
      "sum", [](const auto& x) { return cross_entropy(x, labels, {.reduction = Reduction::sum}); }, a);
  check_gradients(
      "smooth", [](const auto& x) { return cross_entropy(x, labels, {.label_smoothing = 0.2}); }, a);
}

TEST_CASE("logits as large as there are") {
  CHECK(loss_of(Eigen::RowVector2f(0, 200)) == 200);
  CHECK(loss_of(Eigen::RowVector2f(200, 0)) == 0);
  CHECK(loss_of(Eigen::RowVector3f(1e4f, -1e4f, 0)) == 0);
  CHECK(loss_of(Eigen::RowVector3f(-1e4f, 1e4f, 0)) == 2e4f);
  CHECK(loss_of(Eigen::RowVector2f(3e38f, -3e38f)) == 0);
  for (const float level : {0.0f, -1e4f, 1e4f, 3e38f, -3e38f})
    CHECK(std::abs(loss_of(Eigen::RowVectorXf::Constant(10, level)) - std::log(10.0f)) <= 1e-6f);
  const auto x = variable(Eigen::RowVector2f(0, 200));
  cross_entropy(x, std::vector<int>{0}).backward();
  CHECK(x.grad() == Eigen::RowVector2f(-1, 1));
}

TEST_CASE("infinite and NaN logits never give a finite loss, where mathematics does not") {
  for (const Index classes : {2, 3, 4, 8, 10, 16, 17})
    for (Index place = 0; place < classes; ++place) {
      CAPTURE(classes);
      CAPTURE(place);
      for (const float bad : {std::nanf(""), -std::nanf(""), infinity}) {
        Eigen::RowVectorXf logits = numbers(1, classes, 1).cast<float>();
        logits(place) = bad;
        CHECK(std::isnan(loss_of(logits)));
        const auto x = variable(logits);
        cross_entropy(x, std::vector<int>{0}).backward();
        CHECK(x.grad().array().isNaN().any());
      }
      Eigen::RowVectorXf logits = numbers(1, classes, 1).cast<float>();
      logits(place) = -infinity;
      CHECK(std::isfinite(loss_of(logits)) == (place != 0));
    }
  CHECK_FALSE(std::isfinite(loss_of(Eigen::RowVectorXf::Constant(10, -infinity))));
  CHECK_FALSE(std::isfinite(loss_of(Eigen::RowVector2f(-3e38f, 3e38f))));
}

TEST_CASE("wrong labels are named") {
  CHECK(data_error(std::vector<int>{0, 1, 4, 0, 9}) == "cross_entropy: labels[2] is 4; expected 0..3");
  CHECK(data_error(std::vector<int>{0, 1, 2, 3, -1}) == "cross_entropy: labels[4] is -1; expected 0..3");
  CHECK(data_error(std::vector<std::uint64_t>{0, 1, 2, 3, UINT64_MAX}) ==
        "cross_entropy: labels[4] is 18446744073709551615; expected 0..3");
  CHECK(data_error(std::vector<std::int64_t>{0, std::int64_t{1} << 32, 2, 3, 1}) ==
        "cross_entropy: labels[1] is 4294967296; expected 0..3");
  CHECK(test::usage_error([] {
          (void)cross_entropy(variable(a), std::vector<int>{0, 1});
        }) == "cross_entropy: expected one label a row of the logits [5, 4], found 2 labels");
  CHECK(test::usage_error([] { (void)cross_entropy(constant(test::Numbers(0, 4)), std::vector<int>{}); }) ==
        "cross_entropy: the batch has no rows");
}

TEST_CASE("the other losses are means, or sums, over all elements") {
  const Eigen::ArrayXXd d = a - target;
  const auto x = variable(a);
  const Reduction total = Reduction::sum;
  const Eigen::ArrayXXd huber = (d.abs() <= 0.5).select(d.square() / 2, 0.5 * (d.abs() - 0.25));
  const Eigen::ArrayXXd probability = 1 / (1 + (-a.array()).exp());
  const Eigen::ArrayXXd wanted = (target.array() > 0).cast<double>();
  const Eigen::ArrayXXd binary = -(wanted * probability.log() + (1 - wanted) * (1 - probability).log());
  const auto check = [](const auto& loss, double expected) { CHECK(std::abs(loss.item() - expected) <= 1e-13); };
  check(mse_loss(x, target), d.square().mean());
  check(mse_loss(x, target, total), d.square().sum());
  check(l1_loss(x, target), d.abs().mean());
  check(l1_loss(x, target, total), d.abs().sum());
  check(huber_loss(x, target, {.delta = 0.5}), huber.mean());
  check(huber_loss(x, target, {.delta = 0.5, .reduction = total}), huber.sum());
  check(bce_with_logits(x, wanted), binary.mean());
  check(bce_with_logits(x, wanted, total), binary.sum());
}

TEST_CASE("their gradients") {
  check_gradients(
      "mse", [](const auto& x) { return mse_loss(x * x, target); }, a);
  check_gradients(
      "l1", [](const auto& x) { return l1_loss(x, target, Reduction::sum); }, a);
  check_gradients(
      "huber", [](const auto& x) { return huber_loss(x, target, {.delta = 0.5}); }, a);
  const test::Numbers wanted = (target.array() > 0).cast<double>();
  check_gradients(
      "bce", [&](const auto& x) { return bce_with_logits(x, wanted); }, a);
}

TEST_CASE("binary cross entropy of large logits") {
  const auto loss = [](float logit, float wanted) {
    return bce_with_logits(constant(Eigen::RowVectorXf::Constant(1, logit)), Eigen::RowVectorXf::Constant(1, wanted))
        .item();
  };
  CHECK(loss(200, 0) == 200);
  CHECK(loss(200, 1) == 0);
  CHECK(loss(-1e30f, 0) == 0);
  CHECK(loss(-1e30f, 1) == 1e30f);
  CHECK(std::isnan(loss(std::nanf(""), 1)));
}

TEST_CASE("a NaN is seen by every loss") {
  test::Numbers bad = a;
  bad(2, 1) = std::nan("");
  const auto x = variable(bad);
  CHECK(std::isnan(mse_loss(x, target).item()));
  CHECK(std::isnan(l1_loss(x, target).item()));
  CHECK(std::isnan(huber_loss(x, target).item()));
  CHECK(std::isnan(bce_with_logits(x, target).item()));
  CHECK(std::isnan(cross_entropy(x, labels).item()));
  CHECK(std::isnan(mse_loss(variable(a), bad).item()));
}

TEST_CASE("a target of another shape, or one that wants a gradient, is refused") {
  CHECK(test::usage_error([] { (void)mse_loss(variable(a), numbers(5, 3, 1)); }) ==
        "mse_loss: the input and the target must have the same shape; found [5, 4] and [5, 3]");
  const auto t = variable(target);
  CHECK(test::contains(test::usage_error([&] { (void)huber_loss(variable(a), t); }), "huber_loss: the target wants"));
  const auto x = variable(a);
  mse_loss(x, t.detach()).backward();
  CHECK(test::distance(x.grad(), (a - target) / 10) <= 1e-15);
}

TEST_CASE("the same bits for any number of threads") {
  for (const Index rows : test::row_counts) {
    std::vector<int> classes(static_cast<std::size_t>(rows));
    for (Index i = 0; i < rows; ++i) classes[static_cast<std::size_t>(i)] = static_cast<int>(i * 7 % 10);
    test::check_same_bits<float>(test::numbers<float>(rows * 10, 1), [&](const float* data) {
      const auto x = variable(ConstMatrixView<float>(data, rows, 10));
      const auto loss = cross_entropy(x, classes) + mse_loss(x, 2 * x.value());
      loss.backward();
      std::vector<float> result(x.grad().data(), x.grad().data() + x.grad().size());
      result.push_back(loss.item());
      return result;
    });
  }
}
