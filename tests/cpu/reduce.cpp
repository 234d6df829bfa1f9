#include <cmath>
#include <tinynet/cpu/reduce.hpp>

#include "same_bits.hpp"

using namespace tinynet;

namespace {

/// The exact sum of `count` numbers, `stride` apart, or as near as a long double gets.
template <class Scalar>
long double exact(const Scalar* x, Index count, Index stride = 1) {
  long double total = 0;
  for (Index i = 0; i < count; ++i) total += static_cast<long double>(x[i * stride]);
  return total;
}

}  // namespace

TEST_CASE("the sum of a million floats is right to the last digit of a float") {
  // All about 1000, so that a sum of floats would lose the digits.
  std::vector<float> x = test::numbers<float>(1'000'003, 1);
  for (float& number : x) number += 1000.0f;
  for (const Index count : {0, 1, 7, 8, 9, 1023, 1024, 1025, 20'000, 1'000'003}) {
    CAPTURE(count);
    const long double expected = exact(x.data(), count);
    CHECK(std::abs(static_cast<long double>(detail::sum(x.data(), count)) - expected) <= 1e-14L * expected);
  }
}

TEST_CASE("terms that cancel leave what they should") {
  std::vector<double> x = test::numbers<double>(60'000, 2);
  const double size = 60'000;
  CHECK(std::abs(detail::sum(x.data(), 60'000) - static_cast<double>(exact(x.data(), 60'000))) <= 1e-16 * size);
  std::vector<float> pairs;
  for (int i = 0; i < 5000; ++i) pairs.insert(pairs.end(), {1e7f, 0.5f, -1e7f});
  CHECK(detail::sum(pairs.data(), 15'000) == 2500.0);
}

TEST_CASE("sums of columns and rows, written and added") {
  for (const Index rows : test::row_counts) {
    const Shape shape{rows, 13};
    const auto x = test::numbers<float>(shape.size(), 3);
    std::vector<float> cols(13, 5.0f), row_sums(static_cast<std::size_t>(rows), 5.0f);
    for (const bool accumulate : {false, true}) {
      detail::sum_cols(x.data(), shape, cols.data(), accumulate);
      detail::sum_rows(x.data(), shape, row_sums.data(), accumulate);
      const double factor = accumulate ? 2 : 1;
      double worst = 0;
      for (Index c = 0; c < 13; ++c)
        worst = std::max(worst, std::abs(double{cols[static_cast<std::size_t>(c)]} -
                                         factor * static_cast<double>(exact(x.data() + c, rows, 13))) /
                                    (1 + std::abs(double{cols[static_cast<std::size_t>(c)]})));
      for (Index r = 0; r < rows; ++r)
        worst = std::max(worst, std::abs(double{row_sums[static_cast<std::size_t>(r)]} -
                                         factor * static_cast<double>(exact(x.data() + r * 13, 13))));
      CAPTURE(rows);
      CHECK(worst <= 1e-6);
    }
  }
}

TEST_CASE("complex numbers are summed too") {
  const std::vector<std::complex<double>> x{{1, 2}, {3, -4}, {5, 6}};
  CHECK(detail::sum(x.data(), 3) == std::complex<double>(9, 4));
}

TEST_CASE("a NaN or an infinity anywhere shows in the sum") {
  for (const std::size_t place : std::vector<std::size_t>{0, 5, 1023, 4999}) {
    std::vector<float> x(5000, 1.0f);
    x[place] = std::nanf("");
    CHECK(std::isnan(detail::sum(x.data(), 5000)));
    x[place] = HUGE_VALF;
    CHECK(std::isinf(detail::sum(x.data(), 5000)));
  }
}

TEST_CASE("sums have the same bits for any number of threads and any place in memory") {
  for (const Index rows : test::row_counts) {
    CAPTURE(rows);
    const Shape shape{rows, 29};
    test::check_same_bits<float>(test::numbers<float>(shape.size(), 4), [&](const float* x) {
      std::vector<float> out(static_cast<std::size_t>(rows) + 30);
      out.back() = static_cast<float>(detail::sum(x, shape.size()));
      detail::sum_cols(x, shape, out.data(), false);
      detail::sum_rows(x, shape, out.data() + 29, false);
      return out;
    });
  }
  std::vector<double> thirds = test::numbers<double>(300'000, 5);
  for (double& number : thirds) number /= 3;  // with all digits a double has: sums of fewer are exact in any order
  test::check_same_bits<double>(thirds, [](const double* x) {
    std::vector<double> out(40);
    detail::sum_cols(x, {10'000, 30}, out.data(), false);
    out[30] = detail::sum(x, 300'000);
    out[31] = detail::squared_norm(x, 300'000);
    return out;
  });
}
