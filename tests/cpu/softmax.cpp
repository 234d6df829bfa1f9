#include <cmath>
#include <limits>
#include <tinynet/cpu/softmax.hpp>

#include "same_bits.hpp"

using namespace tinynet;
using detail::shifted_exp;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

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

TEST_CASE("the same bits wherever a row lies") {
  for (const Index n : {1, 7, 10, 16, 239, 1000})
    test::check_same_bits<float>(test::numbers<float>(n, 1), [n](const float* x) {
      std::vector<float> y(static_cast<std::size_t>(n) + 1);
      y.back() = shifted_exp(x, n, y.data()).total;
      return y;
    });
}
