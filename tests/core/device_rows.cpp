// Rows on a device: views that are told which rows, of what type and times what.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <tinynet/core/device_rows.hpp>

#include "../cuda/emulated.hpp"

using namespace tinynet;
using namespace tinynet::detail;

namespace {

template <class Number>
using There = On<Number, test::Emulated>;
using View = DeviceRows<test::Emulated>;

/// The address that `visit` gives, if it is one of such numbers, else null.
template <class Number>
const void* visited(const View& rows) {
  const void* address = nullptr;
  int calls = 0;
  rows.visit([&](const auto* numbers) {
    ++calls;
    if constexpr (std::is_same_v<decltype(numbers), const There<Number>*>) address = numbers;
  });
  CHECK(calls == 1);
  return address;
}

}  // namespace

static_assert(std::is_same_v<rows_of<float>, Rows> && std::is_same_v<rows_of<There<float>>, View>);

TEST_CASE_TEMPLATE("the numbers are visited where they are and in their own type", Number, std::uint8_t, float,
                   double) {
  const There<Number> table[12]{};
  const View rows(table, {3, 4}, 4);
  CHECK(visited<Number>(rows) == table);
  CHECK((visited<std::uint8_t>(rows) != nullptr) == std::is_same_v<Number, std::uint8_t>);
  CHECK((visited<float>(rows) != nullptr) == std::is_same_v<Number, float>);
  CHECK((visited<double>(rows) != nullptr) == std::is_same_v<Number, double>);
}

TEST_CASE("selections and multiples are other views of the same numbers") {
  const There<float> table[18]{};
  const There<Index> order[5]{{2}, {0}, {0}, {1}, {2}};
  const View rows(table, {3, 4}, 6), some = rows.scaled(3).select(order, 5).scaled(0.5);
  CHECK(some.shape() == Shape{5, 4});
  CHECK(some.rows() == 5);
  CHECK(some.cols() == 4);
  CHECK(some.row_stride() == 6);
  CHECK(some.selection() == order);
  CHECK(some.scale() == 1.5);
  CHECK(visited<float>(some) == table);
  // The first view is what it was.
  CHECK(rows.shape() == Shape{3, 4});
  CHECK(rows.selection() == nullptr);
  CHECK(rows.scale() == 1);
}

TEST_CASE("some rows from one on") {
  const There<double> table[18]{};
  const There<Index> order[5]{{2}, {0}, {0}, {1}, {2}};
  const View rows(table, {3, 4}, 6), whole = rows.middle_rows(1, 2), some = rows.select(order, 5).middle_rows(1, 3);
  CHECK(whole.shape() == Shape{2, 4});
  CHECK(visited<double>(whole) == table + 6);
  CHECK(some.shape() == Shape{3, 4});
  CHECK(visited<double>(some) == table);
  CHECK(some.selection() == order + 1);
  CHECK_THROWS_WITH_AS(rows.middle_rows(2, 2), "Rows: 2 rows from row 2 of 3 were asked for", Error);
}
