// Matrices on a device: what is written there can be had back, copies are copies, and memory is given back.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <tinynet/core/device_matrix.hpp>
#include <utility>

#include "../cuda/emulated.hpp"

using namespace tinynet;
using namespace tinynet::detail;
using test::emulated;

namespace {

using There = On<float, test::Emulated>;

const Matrix<float> first{{1, 2, 3}, {4, 5, 6}}, second{{7, 8, 9}, {10, 11, 12}}, tall{{1, 2}, {3, 4}, {5, 6}};

}  // namespace

static_assert(std::is_same_v<matrix_of<float, 2, 3>, Matrix<float, 2, 3>>);
static_assert(std::is_same_v<matrix_of<There, 2, 3>, DeviceMatrix<There, 2, 3>>);
static_assert(std::is_same_v<vector_of<There>, DeviceMatrix<There, dynamic, 1>>);
static_assert(std::is_same_v<view_of<float>, MatrixView<float>> && std::is_same_v<view_of<There>, DeviceView<There>>);
static_assert(std::is_same_v<const_view_of<There, 1>, DeviceView<const There, 1>>);
static_assert(is_device_matrix<DeviceMatrix<There, 2>> && !is_device_matrix<Matrix<float, 2>>);
static_assert(std::is_same_v<decltype(std::declval<DeviceMatrix<There, 2, 3>>().to(cpu)), Matrix<float, 2, 3>>);

TEST_CASE("matrices and expressions of any type and order are written, and read back") {
  CHECK(to(first, emulated).to(cpu) == first);
  CHECK(to(first.transpose(), emulated).to(cpu) == first.transpose());
  CHECK(to(Eigen::MatrixXd(tall.cast<double>()).array() * 2, emulated).to(cpu) == 2 * tall.cast<double>());
  const auto column = to(first.col(1), emulated).to(cpu);
  static_assert(decltype(column)::ColsAtCompileTime == 1);
  CHECK(column == first.col(1));
  DeviceMatrix<There> there(3, 2);
  write_numbers(tall.cast<double>(), there.data());
  CHECK(there.to(cpu) == tall);
  Matrix<float> here(3, 2);
  write_numbers(first.cast<double>().transpose(), here.data());
  CHECK(here == first.transpose());
}

TEST_CASE("a copy has numbers of its own, and an assignment keeps the memory if the shape is the same") {
  auto a = to(first, emulated), b = a;
  const There* const place = b.data();
  CHECK(b.to(cpu) == first);
  a = to(second, emulated);
  CHECK(b.to(cpu) == first);
  b = std::as_const(a);
  CHECK(b.to(cpu) == second);
  CHECK(b.data() == place);
  const auto other = to(tall, emulated);
  b = other;
  CHECK(b.rows() == 3);
  CHECK(b.cols() == 2);
  CHECK(b.to(cpu) == tall);
  const There* const moved_from = b.data();
  const auto moved = std::move(b);
  CHECK(moved.data() == moved_from);
  CHECK(moved.to(cpu) == tall);
}

TEST_CASE("constants, zeros, and views of a part") {
  auto there = constant_matrix<There>(3, 2, 5.0f);
  CHECK(there.to(cpu) == Matrix<float>::Constant(3, 2, 5));
  const DeviceView<There, 1, 2> row(there.data() + 2, 1, 2);
  CHECK(row.size() == 2);
  row.setZero();
  CHECK(row.to(cpu) == Matrix<float, 1, 2>(0, 0));
  CHECK(there.to(cpu) == Matrix<float>{{5, 5}, {0, 0}, {5, 5}});
  there.setZero();
  CHECK(there.to(cpu) == Matrix<float>::Zero(3, 2));
  CHECK(constant_matrix<double>(2, 2, 3.0) == Matrix<double>::Constant(2, 2, 3));
}

TEST_CASE("a matrix is the input of a net, where it lies") {
  const auto there = to(first, emulated);
  const auto rows = there.as_rows();
  static_assert(std::is_same_v<decltype(rows), const DeviceRows<test::Emulated>>);
  CHECK(rows.shape() == Shape{2, 3});
  CHECK(rows.row_stride() == 3);
  rows.visit([&](const auto* numbers) { CHECK(static_cast<const void*>(numbers) == there.data()); });
}

TEST_CASE("all memory goes back") { CHECK(test::emulated_blocks == 0); }
