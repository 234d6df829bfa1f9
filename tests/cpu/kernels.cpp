// The innermost loops against Eigen's products, for every number of rows that a block can leave over and for every
// number of packs.
#include <doctest/doctest.h>

#include <limits>
#include <tinynet/cpu/kernels.hpp>
#include <vector>

using tinynet::Index;
using tinynet::Matrix;
using tinynet::Pack;
namespace detail = tinynet::detail;

namespace {

template <class Scalar>
void check_all() {
  const Scalar tolerance = std::is_same_v<Scalar, float> ? Scalar(1e-5) : Scalar(1e-13);
  const auto near = [tolerance](const auto& a, const auto& b) {
    return (a - b).norm() <= tolerance * (Scalar(1) + b.norm());
  };
  for (Index packs = 1; packs <= 9; ++packs)
    for (const Index rows : {1, 2, 7, 8, 9, 17}) {
      CAPTURE(packs);
      CAPTURE(rows);
      const Index columns = packs * Pack<Scalar>::size, depth = 13;
      const Matrix<Scalar> a = Matrix<Scalar>::Random(rows, depth), b = Matrix<Scalar>::Random(depth, columns);
      const Matrix<Scalar> bias = Matrix<Scalar>::Random(1, columns);
      Matrix<Scalar> c(rows, columns);
      detail::multiply_tile<Scalar>(rows, columns, {depth}, {a.data(), depth, 1}, {b.data(), columns}, {bias.data(), 0},
                                    {c.data(), columns});
      CHECK(near(c, ((a * b).rowwise() + bias.row(0)).eval()));
      const Matrix<Scalar> before = c;
      const Matrix<Scalar> transposed = a.transpose();
      detail::multiply_tile<Scalar>(rows, columns, {depth}, {transposed.data(), 1, rows}, {b.data(), columns},
                                    {c.data(), columns}, {c.data(), columns});
      CHECK(near(c, (before + a * b).eval()));
      detail::multiply_tile<Scalar>(rows, columns, {depth}, {a.data(), depth, 1}, {b.data(), columns}, {nullptr, 0},
                                    {c.data(), columns});
      CHECK(near(c, (a * b).eval()));

      // Some of the products only, and sums that begin at 0.
      const std::vector<std::uint8_t> some{1, 2, 5, 11};
      const std::vector<int> chosen(some.begin(), some.end());
      detail::multiply_tile<Scalar>(rows, columns, {4, some.data()}, {a.data(), depth, 1}, {b.data(), columns},
                                    {nullptr, 0}, {c.data(), columns});
      CHECK(near(c, (a(Eigen::all, chosen) * b(chosen, Eigen::all)).eval()));

      std::vector<double> sums(static_cast<std::size_t>(columns), 1.0);
      detail::add_column_sums<Scalar>(rows, columns, {c.data(), columns}, sums.data());
      const Eigen::RowVectorXd expected = c.template cast<double>().colwise().sum().array() + 1.0;
      CHECK((Eigen::Map<const Eigen::RowVectorXd>(sums.data(), columns) - expected).norm() <=
            double(tolerance) * expected.norm());
    }
}

}  // namespace

TEST_CASE("products and column sums in float") { check_all<float>(); }
TEST_CASE("products and column sums in double") { check_all<double>(); }

TEST_CASE("which rows and columns of a tile are not all 0") {
  constexpr Index size = Pack<float>::size, columns = 3 * size;
  Matrix<float> x = Matrix<float>::Zero(6, columns);
  CHECK(detail::used_columns<float>(6, columns, {x.data(), columns}) == 0);
  x(1, size) = 1e-45f;  // the smallest number above 0
  x(4, 2 * size - 1) = -1;
  x(5, 0) = std::numeric_limits<float>::quiet_NaN();
  x(2, size) = -0.0f;
  CHECK(detail::used_columns<float>(6, columns, {x.data(), columns}) == 2 * size);
  CHECK(detail::used_columns<float>(4, columns, {x.data(), columns}) == size + 1);
  CHECK(detail::used_columns<float>(1, columns, {x.row(5).data(), columns}) == 1);
  std::vector<std::uint8_t> rows(6);
  const auto found = [&](Index pack) {
    const Index count = detail::nonzero_rows<float>(6, pack * size, {x.data(), columns}, rows.data());
    return std::vector<int>(rows.begin(), rows.begin() + count);
  };
  CHECK(found(0) == std::vector<int>{5});
  CHECK(found(1) == std::vector<int>{1, 4});
  CHECK(found(2).empty());
}
