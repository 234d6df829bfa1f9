#include <complex>
#include <sstream>
#include <tinynet/autodiff/ops/matmul.hpp>

#include "testing.hpp"

using namespace tinynet;
using test::contains;
using test::usage_error;

TEST_CASE("a variable holds a copy of any Eigen matrix, array, map, block or expression") {
  Eigen::MatrixXd column_major(2, 3);
  column_major << 1, 2, 3, 4, 5, 6;
  const auto x = variable(column_major);
  column_major(0, 0) = 99;
  CHECK(x.value()(0, 0) == 1);
  CHECK(x.value()(1, 2) == 6);
  CHECK(x.shape() == Shape{2, 3});
  CHECK(variable(column_major.array()).value()(1, 0) == 4);
  CHECK(variable(column_major.transpose()).value()(2, 1) == 6);
  CHECK(variable(column_major.block(1, 1, 1, 2)).value()(0, 1) == 6);
  CHECK(variable(2 * column_major).value()(1, 1) == 10);
  CHECK(constant<float>(column_major).value()(1, 1) == 5.0f);
  CHECK(variable(2.5f).item() == 2.5f);
  CHECK(variable(std::complex<double>(1, 2)).item() == std::complex<double>(1, 2));
}

TEST_CASE("sizes known while compiling are part of the type, also of results") {
  const auto a = variable(Eigen::Matrix<double, 2, 3>::Ones());
  const auto b = constant(Eigen::Matrix<double, 3, 4>::Ones());
  static_assert(std::is_same_v<decltype(a), const Var<double, 2, 3>>);
  static_assert(std::is_same_v<decltype(matmul(a, b)), Var<double, 2, 4>>);
  static_assert(std::is_same_v<decltype(sum(a)), Var<double, 1, 1>>);
  static_assert(std::is_same_v<decltype(sum_rows(a)), Var<double, 2, 1>>);
  static_assert(std::is_same_v<decltype(a + sum_cols(a)), Var<double, 2, 3>>);
  static_assert(std::is_same_v<decltype(a * Eigen::MatrixXd()), Var<double, 2, 3>>);
  static_assert(std::is_same_v<decltype(variable(Eigen::Vector3d())), Var<double, 3, 1>>);
  CHECK(matmul(a, b).value() == Eigen::MatrixXd::Constant(2, 4, 3));
}

TEST_CASE("static and dynamic sizes convert, checked") {
  const auto fixed = variable(Eigen::Matrix<double, 2, 3>::Ones());
  const Var<double> any = fixed;
  const Var<double, dynamic, 3> partly = any;
  const Var<double, 2, 3> back = partly;
  sum(back).backward();
  CHECK(fixed.grad() == Eigen::MatrixXd::Ones(2, 3));  // they are the same value
  const auto error = usage_error([&] { Var<double, 2, 4>{any}; });
  CHECK(contains(error, "Var: a matrix of another size was expected"));
  CHECK(contains(error, "[2, 3]"));
  CHECK(contains(error, "4]"));
  static_assert(!std::is_convertible_v<Var<double, 2, 3>, Var<double, 2, 4>>);
  const Var<double> empty;
  const Var<double, 2, 2> still_empty = empty;
  CHECK(still_empty.node() == nullptr);
}

TEST_CASE("copies are handles to the same value") {
  auto x = variable(3.0);
  auto y = x;
  const auto& alias = y;
  y = alias;
  auto z = std::move(y);
  CHECK(z.node() == x.node());
  CHECK(y.node() == nullptr);  // NOLINT(bugprone-use-after-move): what moving leaves is what is tested
  (z * z).backward();
  CHECK(x.grad()(0) == 6);
  x = variable(1.0);
  CHECK(z.item() == 3);
}

TEST_CASE("a variable that holds nothing says so") {
  const Var<double> x;
  const std::string expected = "Var: this variable holds no value yet";
  CHECK(usage_error([&] { (void)x.value(); }) == expected);
  CHECK(usage_error([&] { (void)x.rows(); }) == expected);
  CHECK(usage_error([&] { (void)x.item(); }) == expected);
  CHECK(usage_error([&] { (void)x.grad(); }) == expected);
  CHECK(usage_error([&] { x.backward(); }) == expected);
  CHECK(usage_error([&] { (void)x.detach(); }) == expected);
  CHECK(usage_error([&] { (void)(x + 1.0); }) == expected);
  CHECK(usage_error([&] { (void)(x + variable(1.0)); }) == expected);
}

TEST_CASE("item and grad are for what has one") {
  const auto x = variable(Eigen::MatrixXd::Ones(2, 3));
  CHECK(usage_error([&] { (void)x.item(); }) == "item: expected a single number, found a matrix [2, 3]");
  CHECK(usage_error([&] { (void)(x * x).grad(); }) ==
        "grad: 'mul' keeps no gradient; only variables and parameters do");
  CHECK(contains(usage_error([&] { (void)constant(Eigen::MatrixXd::Ones(1, 1)).grad(); }), "grad: 'constant'"));
  CHECK(x.grad() == Eigen::MatrixXd::Zero(2, 3));
}

TEST_CASE("a variable prints as Eigen prints its matrix") {
  std::ostringstream out;
  out << variable(Eigen::Matrix2d{{1, 2}, {3, 4}});
  CHECK(out.str() == "1 2\n3 4");
}

TEST_CASE("a matrix without elements") {
  const auto x = variable(Eigen::MatrixXd(0, 3));
  CHECK(x.shape() == Shape{0, 3});
  CHECK(sum(x).item() == 0);
  sum(x * x).backward();
  CHECK(x.grad().size() == 0);
  CHECK(sum_cols(x).value() == Eigen::MatrixXd::Zero(1, 3));
}
