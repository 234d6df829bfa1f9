// The verbs of a device that multiply matrices, against the program's own.
#define EIGEN_USE_THREADS
#include <cmath>
#include <tinynet/cpu/linear.hpp>
#include <tinynet/cuda/products.hpp>

#include "../cpu/same_bits.hpp"
#include "emulated.hpp"

using namespace tinynet;
using detail::Factor;
using test::uploaded;

namespace {

template <class Number>
using There = detail::On<Number, test::Emulated>;
using RowsThere = detail::DeviceRows<test::Emulated>;

template <class Number>
std::vector<Number> downloaded(const detail::Buffer<There<Number>>& there, std::size_t size) {
  std::vector<Number> here(size);
  detail::copy_across(static_cast<const There<Number>*>(there.data()), static_cast<Index>(size), here.data());
  return here;
}

/// Checks that sums of `depth` products differ by no more than rounding, and what is behind the last by nothing.
template <class Number>
void check_near(const std::vector<Number>& found, const std::vector<Number>& expected, Index depth) {
  const auto size = static_cast<Index>(expected.size()) - 1;
  const ConstMatrixView<Number> f(found.data(), size, 1), e(expected.data(), size, 1);
  const double rounding = (std::is_same_v<Number, float> ? 2e-7 : 4e-16) * std::sqrt(static_cast<double>(depth));
  CHECK(static_cast<double>((f - e).norm()) <= rounding * static_cast<double>(1 + e.norm()));
  CHECK(found.back() == expected.back());
}

/// a b of factors that are read as they stand or transposed, written and added.
template <bool TransposedA, bool TransposedB, class Number>
void check_product(Index rows, Index depth, Index cols) {
  CAPTURE(rows);
  CAPTURE(depth);
  CAPTURE(cols);
  const auto a = test::numbers<Number>(rows * depth, 1), b = test::numbers<Number>(depth * cols, 2);
  const auto a_there = uploaded(a), b_there = uploaded(b);
  for (const bool accumulate : {false, true}) {
    auto out = test::numbers<Number>(rows * cols + 1, 3);
    const auto there = uploaded(out);
    detail::multiply(out.data(), Factor<Number, TransposedA>{a.data(), rows, depth},
                     Factor<Number, TransposedB>{b.data(), depth, cols}, accumulate);
    detail::multiply(there.data(), Factor<There<Number>, TransposedA>{a_there.data(), rows, depth},
                     Factor<There<Number>, TransposedB>{b_there.data(), depth, cols}, accumulate);
    check_near(downloaded(there, out.size()), out, depth);
  }
}

/// A table of 60 rows, 21 numbers apart, of which 17 belong to a row.
template <class Number>
struct Table {
  static constexpr Shape shape{60, 17};
  static constexpr Index stride = 21;
  std::vector<Number> numbers = std::vector<Number>(60 * stride);
  detail::Buffer<There<Number>> there{60 * stride};
  std::vector<Index> order{59, 3, 3, 0, 17, 58};
  detail::Buffer<There<Index>> order_there = uploaded(order);

  Table() {
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<Number>(i * 7 % 251);
    detail::copy_across(numbers.data(), 60 * stride, there.data());
  }

  /// Calls f with rows of the program and the same on the device: all, times something, and a selection.
  template <class F>
  void each_view(const F& f) const {
    const Rows rows(numbers.data(), shape, stride);
    const RowsThere rows_there(static_cast<const There<Number>*>(there.data()), shape, stride);
    f(rows, rows_there);
    f(rows.scaled(1 / 255.0), rows_there.scaled(1 / 255.0));
    const RowsThere selected = rows_there.select(order_there.data(), static_cast<Index>(order.size()));
    f(rows.select(order), selected);
    f(rows.select(order).scaled(0.3), selected.scaled(0.3));
  }
};

}  // namespace

TEST_CASE_TEMPLATE("products, of matrices as they stand and transposed", Number, float, double) {
  constexpr std::array<Index, 3> sizes[]{{1, 1, 1},    {3, 5, 7},      {64, 64, 64}, {65, 33, 129},  {1, 300, 7},
                                         {200, 90, 1}, {30, 1000, 10}, {5, 5000, 3}, {1, 100'000, 2}};
  for (const auto& [rows, depth, cols] : sizes) {
    check_product<false, false, Number>(rows, depth, cols);
    check_product<false, true, Number>(rows, depth, cols);
    check_product<true, false, Number>(rows, depth, cols);
  }
}

TEST_CASE_TEMPLATE("rows of any type are loaded as the program loads them", Number, std::uint8_t, float, double) {
  const Table<Number> table;
  table.each_view([&](const Rows& rows, const RowsThere& rows_there) {
    std::vector<float> here(static_cast<std::size_t>(rows.shape().size()) + 1);
    const auto there = uploaded(here);
    detail::load(rows, here.data());
    detail::load(rows_there, there.data());
    CHECK(downloaded(there, here.size()) == here);
  });
}

TEST_CASE("numbers that lie as they are wanted are not copied") {
  const detail::Buffer<There<float>> table(12);
  detail::fill(table.data(), 12, 1.0f);
  const There<float>* const numbers = table.data();
  const auto copied = [numbers](const RowsThere& rows) {
    return detail::products::Loaded<There<float>>(rows).data() != numbers;
  };
  const RowsThere rows(numbers, {3, 4}, 4);
  CHECK(!copied(rows));
  CHECK(copied(RowsThere(numbers, {3, 3}, 4)));
  CHECK(copied(rows.scaled(2)));
  CHECK(copied(rows.select(uploaded<Index>({0, 2}).data(), 2)));
}

TEST_CASE_TEMPLATE("a linear layer of rows of any type, and its gradients", Number, std::uint8_t, float, double) {
  const Table<Number> table;
  const Index in = 17, out = 9;
  const auto check = [&]<class Scalar>(Scalar) {
    const auto w = test::numbers<Scalar>(out * in, 1), b = test::numbers<Scalar>(out, 2);
    const auto w_there = uploaded(w), b_there = uploaded(b);
    table.each_view([&](const Rows& x, const RowsThere& x_there) {
      const Index rows = x.rows();
      const auto dy = test::numbers<Scalar>(rows * out, 3);
      const auto dy_there = uploaded(dy);
      auto y = test::numbers<Scalar>(rows * out + 1, 4), dw = test::numbers<Scalar>(out * in + 1, 5),
           dx = test::numbers<Scalar>(rows * in + 1, 6);
      const auto y_there = uploaded(y), dw_there = uploaded(dw), dx_there = uploaded(dx);

      detail::linear_forward(x, w.data(), b.data(), out, y.data());
      detail::linear_weight_gradient(x, dy.data(), out, dw.data());
      detail::linear_forward<Scalar>(x_there, w_there.data(), b_there.data(), out, y_there.data());
      detail::linear_weight_gradient<Scalar>(x_there, dy_there.data(), out, dw_there.data());
      for (const bool accumulate : {false, true}) {
        detail::linear_input_gradient(dy.data(), w.data(), rows, in, out, dx.data(), accumulate);
        detail::linear_input_gradient<Scalar>(dy_there.data(), w_there.data(), rows, in, out, dx_there.data(),
                                              accumulate);
        check_near(downloaded(dx_there, dx.size()), dx, out);
      }
      check_near(downloaded(y_there, y.size()), y, in);
      check_near(downloaded(dw_there, dw.size()), dw, rows);
    });
  };
  check(float());
  check(double());
}
