#include <doctest/doctest.h>

#include <tinynet/core/eigen.hpp>
#include <tinynet/cuda/host_block.hpp>
#include <tinynet/cuda/operands.hpp>
#include <tinynet/cuda/team.hpp>
#include <tinynet/cuda/warp_products.hpp>
#include <vector>

namespace gpu = tinynet::detail::gpu;

namespace {

// A product divided in one way against Eigen's: the largest error; every element must come once from each slice.
template <int Rows, int Columns, int Slices>
double largest_error(int down, int across, int depth) {
  using Products = gpu::WarpProducts<gpu::HostBlock<4>, gpu::PlainArithmetic<double>>;
  const int rows = down * 16, columns = across * 8;
  // Shares may have a fragment more than there is.
  const Eigen::MatrixXd a = Eigen::MatrixXd::Random(rows + 32, depth * 16),
                        b = Eigen::MatrixXd::Random(columns + 32, depth * 16);
  Eigen::MatrixXd c = Eigen::MatrixXd::Zero(rows, columns), count = c;
  const auto quad = [](const Eigen::MatrixXd& m) {
    return [&m](int row, int k) { return gpu::quad_of<double>([&](int i) { return m(row, k + i); }); };
  };
  const auto right = [of_b = quad(b)](auto& operand, int column, int k) { operand.set(0, of_b(column, k)); };
  std::byte shared{};
  const gpu::HostBlock<4> block(0, &shared);
  const gpu::Team<gpu::HostBlock<4>, 4> team{block, down};
  Products::multiply<double>(gpu::Divided<gpu::Division{Rows, Columns, Slices}>{}, team, across, depth, quad(a), right,
                             [&](int slice, int row, int column, double sum) {
                               CHECK(slice < Slices);
                               if (row >= rows || column >= columns) return;
                               c(row, column) += sum;
                               count(row, column) += 1;
                             });
  CHECK(count.minCoeff() == Slices);
  CHECK(count.maxCoeff() == Slices);
  return (c - a.topRows(rows) * b.topRows(columns).transpose()).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("products of fragments, however they are divided") {
  CHECK(largest_error<1, 1, 1>(3, 5, 2) < 1e-12);
  CHECK(largest_error<2, 4, 1>(4, 8, 3) < 1e-12);
  CHECK(largest_error<2, 4, 3>(3, 5, 7) < 1e-12);
  CHECK(largest_error<1, 2, 4>(1, 1, 3) < 1e-12);
}
