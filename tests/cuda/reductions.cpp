// The verbs of a device that sum, against the program's own.
#define EIGEN_USE_THREADS
#include <algorithm>
#include <cmath>
#include <limits>
#include <tinynet/cpu/reduce.hpp>
#include <tinynet/cpu/softmax.hpp>
#include <tinynet/cuda/reductions.hpp>

#include "../cpu/same_bits.hpp"
#include "emulated.hpp"

using namespace tinynet;
using test::uploaded;

namespace {

template <class Number>
using There = detail::On<Number, test::Emulated>;

/// What verb(from, out) makes of `out` on the device. It must be the same bits twice.
template <class Number, class Verb>
std::vector<Number> on_device(const std::vector<Number>& from, const std::vector<Number>& out, const Verb& verb) {
  const auto there = uploaded(from);
  std::vector<Number> results[2]{out, out};
  for (auto& result : results) {
    const auto changed = uploaded(out);
    verb(static_cast<const There<Number>*>(there.data()), changed.data());
    detail::copy_across(static_cast<const There<Number>*>(changed.data()), static_cast<Index>(out.size()),
                        result.data());
  }
  CHECK(std::memcmp(results[0].data(), results[1].data(), out.size() * sizeof(Number)) == 0);
  return results[0];
}

/// Runs a verb on the device and in the program; the results must agree, each number relative to itself and 1.
template <class Number, class Verb>
void check_both(const std::vector<Number>& from, Index size, const Verb& verb, double slack = 1) {
  auto expected = test::numbers<Number>(size, 9);
  const auto found = on_device(from, expected, verb);
  verb(from.data(), expected.data());
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto number = static_cast<double>(expected[i]);
    const double error = std::abs(static_cast<double>(found[i]) - number) / (1 + std::abs(number));
    worst = std::max(worst, std::isnan(error) ? HUGE_VAL : error);
  }
  CHECK(worst <= slack * (std::is_same_v<Number, float> ? 5e-7 : 1e-14));
}

/// Some sums of a row are kept in the numbers' own precision: n numbers err by about sqrt(n) roundings.
double row_slack(Shape shape) { return 2 + std::sqrt(static_cast<double>(shape.cols)); }

/// Numbers from -scale to scale.
template <class Number>
std::vector<Number> numbers(Index count, unsigned seed, Number scale) {
  auto result = test::numbers<Number>(count, seed);
  for (Number& number : result) number *= scale;
  return result;
}

std::vector<std::int32_t> labels_for(Shape shape) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(shape.rows));
  for (Index i = 0; i < shape.rows; ++i)
    labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * 5 % shape.cols);
  return labels;
}

/// The labels that belong to numbers of type Scalar.
template <class Scalar>
auto of(const std::vector<std::int32_t>& here, const detail::Buffer<There<std::int32_t>>& there) {
  if constexpr (detail::on_cpu<Scalar>)
    return here.data();
  else
    return static_cast<const There<std::int32_t>*>(there.data());
}

constexpr Index sizes[]{1, 63, 64, 65, 1000, 100'000};

/// Calls f for matrices that are as long, or as wide, as each size.
template <class F>
void for_each_shape(const F& f) {
  for (const Index size : sizes)
    for (const Shape shape : {Shape{size, 1}, Shape{size, 7}, Shape{3, size}}) {
      CAPTURE(shape.rows);
      CAPTURE(shape.cols);
      f(shape);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("sums, written and added, and norms", Number, float, double) {
  for (const Index n : sizes) {
    CAPTURE(n);
    check_both(test::numbers<Number>(n, 1), 3, [n]<class Scalar>(const Scalar* x, Scalar* out) {
      detail::sum(x, n, 1.0, out, false);
      detail::sum(x, n, 0.25, out + 1, true);
      detail::fill(out + 2, 1, static_cast<Number>(detail::squared_norm(x, n)));
    });
  }
  check_both<Number>({1}, 1, [](const auto* x, auto* out) { detail::sum(x, 0, 1.0, out, false); });
  CHECK(detail::squared_norm(uploaded<Number>({1}).data(), 0) == 0);
}

TEST_CASE_TEMPLATE("sums of columns and rows, written and added", Number, float, double) {
  for_each_shape([](Shape shape) {
    check_both(test::numbers<Number>(shape.size(), 2), 2 * (shape.rows + shape.cols) + 1,
               [shape]<class Scalar>(const Scalar* x, Scalar* out) {
                 for (const bool accumulate : {false, true}) {
                   detail::sum_cols(x, shape, out, accumulate);
                   detail::sum_rows(x, shape, out + shape.cols, accumulate);
                   out += shape.rows + shape.cols;
                 }
               });
  });
}

TEST_CASE_TEMPLATE("softmax, its logarithm, and their gradients, of small and of large numbers", Number, float,
                   double) {
  for_each_shape([](Shape shape) {
    const Index size = shape.size();
    for (const Number scale : {Number(3), Number(1e4)}) {
      auto x = numbers<Number>(size, 3, scale);
      const auto upstream = test::numbers<Number>(size, 4);
      x.insert(x.end(), upstream.begin(), upstream.end());
      const auto verbs = [=](const auto* from, auto* out) {
        auto *const y = out, *const log_y = y + size, *dx = log_y + size;
        const auto* const dy = from + size;
        detail::softmax_forward(from, shape, y);
        detail::log_softmax_forward(from, shape, log_y);
        for (const bool accumulate : {false, true}) {
          detail::softmax_backward(y, dy, shape, dx, accumulate);
          detail::log_softmax_backward(log_y, dy, shape, dx + size, accumulate);
          dx += 2 * size;
        }
      };
      check_both(x, 6 * size + 1, verbs, row_slack(shape));
      const auto found = on_device(x, std::vector<Number>(3 * x.size()), verbs);
      CHECK(std::all_of(found.begin(), found.end(), [](Number y) { return std::isfinite(y); }));
    }
  });
}

TEST_CASE_TEMPLATE("cross entropies and their gradients", Number, float, double) {
  for_each_shape([](Shape shape) {
    auto labels = labels_for(shape);
    if (labels.size() > 1) labels[1] = -1;  // a row that does not count
    const auto labels_there = uploaded(labels);
    for (const Number scale : {Number(3), Number(1e4)})
      check_both(
          numbers<Number>(shape.size(), 6, scale), 2 * shape.size() + 5,
          [&]<class Scalar>(const Scalar* x, Scalar* out) {
            const auto* const label = of<Scalar>(labels, labels_there);
            Scalar* const none = nullptr;
            const double mean = 1.0 / static_cast<double>(shape.rows);
            detail::cross_entropy_forward(x, shape, label, 0.0, mean, out, none);
            detail::cross_entropy_forward(x, shape, label, 0.1, mean, out + 1, none);
            detail::cross_entropy_forward(x, shape, label, 0.1, 2.0 * mean, out + 2, out + 4 + shape.size());
            detail::cross_entropy_forward(x, shape, label, 0.0, mean, out + 3, out + 4);
          },
          row_slack(shape));
  });
}

TEST_CASE_TEMPLATE("a NaN stays a NaN, and in its row or column", Number, float, double) {
  constexpr Shape shape{3, 5};
  const auto labels = uploaded(labels_for(shape));
  for (std::size_t place = 0; place < 15; ++place) {
    CAPTURE(place);
    auto x = test::numbers<Number>(15, 7);
    x[place] = std::numeric_limits<Number>::quiet_NaN();
    const auto found = on_device(x, std::vector<Number>(56), [&]<class Scalar>(const Scalar* from, Scalar* out) {
      detail::sum(from, 15, 1.0, out, false);
      detail::fill(out + 1, 1, static_cast<Number>(detail::squared_norm(from, 15)));
      detail::sum_cols(from, shape, out + 3, false);
      detail::sum_rows(from, shape, out + 8, false);
      detail::softmax_forward(from, shape, out + 11);
      detail::log_softmax_forward(from, shape, out + 26);
      detail::cross_entropy_forward(from, shape, labels.data(), 0.0, 1.0, out + 2, out + 41);
    });
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::isnan(found[i]));
    for (std::size_t c = 0; c < 5; ++c) CHECK(std::isnan(found[3 + c]) == (c == place % 5));
    for (std::size_t r = 0; r < 3; ++r) CHECK(std::isnan(found[8 + r]) == (r == place / 5));
    for (std::size_t i = 0; i < 45; ++i) CHECK(std::isnan(found[11 + i]) == (i % 15 / 5 == place / 5));
  }
}
