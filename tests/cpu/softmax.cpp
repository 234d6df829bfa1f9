#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tinynet/cpu/softmax.hpp>

#include "same_bits.hpp"

using namespace tinynet;
using detail::shifted_exp;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// What the fused step makes of rows of logits: the sum of their losses, and the gradients, without padding.
template <class Scalar>
struct TileLosses {
  double total = 0;
  std::vector<Scalar> gradients;
};
template <class Scalar>
TileLosses<Scalar> tile_losses(const std::vector<Scalar>& logits, const std::vector<std::int32_t>& labels,
                               double smoothing = 0, Scalar scale = Scalar(1)) {
  const auto rows = static_cast<Index>(labels.size()), classes = static_cast<Index>(logits.size()) / rows;
  const Index columns = (classes + Pack<Scalar>::size - 1) / Pack<Scalar>::size * Pack<Scalar>::size;
  std::vector<Scalar> x(static_cast<std::size_t>(rows * columns), Scalar(1e6)),
      dx(x.size());  // the padding is anything
  for (Index r = 0; r < rows; ++r) std::copy_n(logits.begin() + r * classes, classes, x.begin() + r * columns);
  TileLosses<Scalar> result;
  result.total = detail::cross_entropy_tile(rows, classes, x.data(), labels.data(), smoothing, scale, dx.data());
  for (Index r = 0; r < rows; ++r)
    result.gradients.insert(result.gradients.end(), dx.begin() + r * columns, dx.begin() + r * columns + classes);
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("exponentials relative to the largest, for every length of a row", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, float> ? 1e-6 : 1e-14;
  for (Index n = 1; n <= 40; ++n) {
    CAPTURE(n);
    auto x = test::numbers<Scalar>(n, static_cast<unsigned>(n));
    for (Scalar& number : x) number *= 40;
    std::vector<Scalar> y(x.size() + 1, Scalar(-7));
    const auto result = shifted_exp(x.data(), n, y.data());
    CHECK(y.back() == -7);
    y.pop_back();
    CHECK(result.largest == *std::max_element(x.begin(), x.end()));
    CHECK(*std::max_element(y.begin(), y.end()) == 1);
    double total = 0, worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = std::exp(static_cast<double>(x[i]) - static_cast<double>(result.largest));
      worst = std::max(worst, std::abs(static_cast<double>(y[i]) / expected - 1));
      total += expected;
    }
    CHECK(worst <= 10 * tolerance);
    CHECK(std::abs(static_cast<double>(result.total) / total - 1) <= tolerance);
  }
}

TEST_CASE("a NaN or +infinity in any place makes the sum NaN") {
  for (const Index n : {1, 3, 4, 8, 10, 16, 17, 37})
    for (Index place = 0; place < n; ++place)
      for (const float bad : {std::nanf(""), -std::nanf(""), infinity}) {
        std::vector<float> x(static_cast<std::size_t>(n), 1.0f), y(x.size());
        x[static_cast<std::size_t>(place)] = bad;
        CAPTURE(n);
        CAPTURE(place);
        CHECK(std::isnan(shifted_exp(x.data(), n, y.data()).total));
      }
}

TEST_CASE("numbers as large as there are, all equal, and -infinity") {
  for (const float level : {0.0f, -1e4f, 1e4f, 3e38f, -3e38f}) {
    const std::vector<float> x(10, level);
    std::vector<float> y(10);
    const auto result = shifted_exp(x.data(), 10, y.data());
    CHECK(result.largest == level);
    CHECK(result.total == 10);
  }
  const std::vector<float> x{3e38f, -3e38f, -infinity};
  std::vector<float> y(3);
  CHECK(shifted_exp(x.data(), 3, y.data()).total == 1);
  CHECK(y == std::vector<float>{1, 0, 0});
  const std::vector<float> margin{0, 200};
  CHECK(shifted_exp(margin.data(), 2, y.data()).total == 1);
}

TEST_CASE_TEMPLATE("the fused step's losses and gradients are those of the rows one by one", Scalar, float, double) {
  const double tolerance = std::is_same_v<Scalar, float> ? 1e-5 : 1e-13;
  for (const double smoothing : {0.0, 0.1})
    for (Index classes = 1; classes <= 40; ++classes) {
      const Index rows = 1 + classes % 7;
      CAPTURE(smoothing);
      CAPTURE(classes);
      auto logits = test::numbers<Scalar>(rows * classes, static_cast<unsigned>(classes));
      for (Scalar& number : logits) number *= 40;
      std::vector<std::int32_t> labels;
      for (Index r = 0; r < rows; ++r) labels.push_back(static_cast<std::int32_t>(r * 5 % classes));
      const auto found = tile_losses<Scalar>(logits, labels, smoothing, Scalar(0.25));
      double total = 0;
      std::vector<double> gradients(logits.size()), exponentials(static_cast<std::size_t>(classes));
      const std::vector<double> exact(logits.begin(), logits.end());
      for (Index r = 0; r < rows; ++r)
        total +=
            detail::cross_entropy_row(exact.data() + r * classes, classes, Index{labels[static_cast<std::size_t>(r)]},
                                      smoothing, exponentials.data(), gradients.data() + r * classes, 0.25);
      CHECK(std::abs(found.total - total) <= tolerance * std::max(1.0, total));
      double worst = 0;
      for (std::size_t i = 0; i < gradients.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(found.gradients[i]) - gradients[i]));
      CHECK(worst <= tolerance);
    }
}

TEST_CASE("the fused step takes logits as large as there are, exactly") {
  const auto loss = [](const std::vector<float>& logits) { return tile_losses<float>(logits, {0}).total; };
  CHECK(loss({0, 200}) == 200);
  CHECK(loss({200, 0}) == 0);
  CHECK(loss({-1e4f, 1e4f, 0}) == 2e4);
  CHECK(loss({3e38f, -3e38f}) == 0);
  CHECK(tile_losses<float>({0, 200}, {0}).gradients == std::vector<float>{-1, 1});
  for (const float level : {0.0f, -1e4f, 1e4f, 3e38f, -3e38f})
    CHECK(std::abs(loss(std::vector<float>(10, level)) - std::log(10.0)) <= 1e-6);
}

TEST_CASE("the fused step shows a NaN or +infinity in any place, in the loss and in the row's gradients") {
  for (const Index classes : {1, 3, 4, 8, 10, 16, 17, 37})
    for (Index place = 0; place < classes; ++place)
      for (const float bad : {std::nanf(""), -std::nanf(""), infinity}) {
        std::vector<float> logits(static_cast<std::size_t>(3 * classes), 1.0f);
        logits[static_cast<std::size_t>(classes + place)] = bad;  // the row between two good ones
        CAPTURE(classes);
        CAPTURE(place);
        const auto found = tile_losses<float>(logits, {0, 0, 0});
        CHECK(std::isnan(found.total));
        for (Index i = 0; i < 3 * classes; ++i)
          CHECK(std::isnan(found.gradients[static_cast<std::size_t>(i)]) == (i / classes == 1));
      }
}

TEST_CASE("the same bits wherever a row lies") {
  for (const Index n : {1, 7, 10, 16, 239, 1000})
    test::check_same_bits<float>(test::numbers<float>(n, 1), [n](const float* x) {
      std::vector<float> y(static_cast<std::size_t>(n) + 1);
      y.back() = shifted_exp(x, n, y.data()).total;
      return y;
    });
}
