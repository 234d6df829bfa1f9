#include <tinynet/autodiff/ops/shape.hpp>

#include "../testing.hpp"

using namespace tinynet;
using test::check_gradients;
using test::numbers;

namespace {

const test::Numbers a = numbers(4, 3, 1), b = numbers(2, 3, 2), c = numbers(4, 2, 3);

}  // namespace

TEST_CASE("values are the numbers, moved") {
  const auto x = variable(a);
  CHECK(transpose(x).value() == a.transpose());
  CHECK(middle_rows(x, 1, 2).value() == a.middleRows(1, 2));
  CHECK(middle_cols(x, 2, 1).value() == a.middleCols(2, 1));
  test::Numbers tall(6, 3), wide(4, 5);
  tall << a, b;
  wide << a, c;
  CHECK(concat_rows(x, b).value() == tall);
  CHECK(concat_cols(x, c).value() == wide);
  const auto fixed = variable(Eigen::Matrix<double, 2, 3>(b));
  static_assert(std::is_same_v<decltype(transpose(fixed)), Var<double, 3, 2>>);
  static_assert(std::is_same_v<decltype(middle_rows(fixed, 0, 1)), Var<double, dynamic, 3>>);
  static_assert(std::is_same_v<decltype(concat_cols(fixed, fixed)), Var<double, 2, dynamic>>);
  CHECK(transpose(variable(Eigen::Vector3d(1, 2, 3))).value() == Eigen::RowVector3d(1, 2, 3));
}

TEST_CASE("gradients") {
  check_gradients(
      "transpose", [](const auto& x) { return transpose(x) * transpose(x); }, a);
  check_gradients(
      "middle_rows", [](const auto& x) { return middle_rows(x * x, 1, 2); }, a);
  check_gradients(
      "middle_cols", [](const auto& x) { return middle_cols(x, 1, 2) * middle_cols(x, 0, 2); }, a);
  test::check_gradients_and_constants(
      "concat_rows", [](const auto& x, const auto& y) { return concat_rows(x, y); }, a, b);
  test::check_gradients_and_constants(
      "concat_cols", [](const auto& x, const auto& y) { return concat_cols(x, y); }, a, c);
  check_gradients(
      "with itself", [](const auto& x) { return concat_rows(x, concat_rows(x, x * x)); }, a);
}

TEST_CASE("parts outside the matrix, and sizes that do not fit, are refused") {
  const auto x = variable(a);
  const std::string rule = ": the part must lie within the matrix; found ";
  CHECK(test::usage_error([&] { (void)middle_rows(x, 3, 2); }) == "middle_rows" + rule + "[2, 3] and [4, 3]");
  CHECK(test::usage_error([&] { (void)middle_cols(x, 0, 4); }) == "middle_cols" + rule + "[4, 4] and [4, 3]");
  CHECK(test::contains(test::usage_error([&] { (void)middle_rows(x, -1, 2); }), rule));
  CHECK(test::contains(test::usage_error([&] { (void)middle_cols(x, 1, -1); }), rule));
  CHECK(test::usage_error([&] { (void)concat_rows(x, c); }) ==
        "concat_rows: the numbers of columns must be equal; found [4, 3] and [4, 2]");
  CHECK(test::usage_error([&] { (void)concat_cols(b, x); }) ==
        "concat_cols: the numbers of rows must be equal; found [2, 3] and [4, 3]");
}
