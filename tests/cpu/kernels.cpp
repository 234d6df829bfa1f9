// The innermost loops against Eigen's products, for every number of rows that a block can leave over and for every
// number of packs.
#include <doctest/doctest.h>

#include <tinynet/core/random.hpp>
#include <tinynet/cpu/kernels.hpp>
#include <vector>

using tinynet::Index;
using tinynet::Matrix;
using tinynet::Pack;
namespace detail = tinynet::detail;

namespace {

// A list of (index << 8 | byte) as a table of bytes, and the lists of all rows.
std::vector<std::vector<std::uint32_t>> random_lists(Index count, Index indices, Matrix<double>& table) {
  tinynet::Generator generator{tinynet::Seed{3}};
  std::vector<std::vector<std::uint32_t>> lists(static_cast<std::size_t>(count));
  table.setZero(count, indices);
  for (Index i = 0; i < count; ++i)
    for (Index k = 0; k < indices; ++k)
      if (generator.below(3) == 0) {
        const auto byte = static_cast<std::uint32_t>(1 + generator.below(255));
        lists[static_cast<std::size_t>(i)].push_back(static_cast<std::uint32_t>(k) << 8 | byte);
        table(i, k) = byte;
      }
  return lists;
}

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
      detail::multiply_tile<Scalar>(rows, columns, depth, {a.data(), depth, 1}, {b.data(), columns}, {bias.data(), 0},
                                    {c.data(), columns});
      CHECK(near(c, ((a * b).rowwise() + bias.row(0)).eval()));
      const Matrix<Scalar> before = c;
      const Matrix<Scalar> transposed = a.transpose();
      detail::multiply_tile<Scalar>(rows, columns, depth, {transposed.data(), 1, rows}, {b.data(), columns},
                                    {c.data(), columns}, {c.data(), columns});
      CHECK(near(c, (before + a * b).eval()));
      detail::multiply_tile<Scalar>(rows, columns, depth, {a.data(), depth, 1}, {b.data(), columns}, {nullptr, 0},
                                    {c.data(), columns});
      CHECK(near(c, (a * b).eval()));

      Matrix<double> table;
      const auto lists = random_lists(rows, depth, table);
      const auto list = [&lists](Index i) -> const auto& { return lists[static_cast<std::size_t>(i)]; };
      const auto bytes = detail::make_byte_table<Scalar>(0.5);
      const Matrix<Scalar> values = (0.5 * table).cast<Scalar>();
      detail::gather_tile<Scalar>(rows, columns, list, bytes, {b.data(), columns}, {bias.data(), 0},
                                  {c.data(), columns});
      CHECK(near(c, ((values * b).rowwise() + bias.row(0)).eval()));
      Matrix<Scalar> target = b;
      detail::scatter_tile<Scalar>(rows, columns, list, bytes, {c.data(), columns}, {target.data(), columns});
      CHECK(near(target, (b + values.transpose() * c).eval()));

      std::vector<double> sums(static_cast<std::size_t>(columns), 1.0);
      detail::add_column_sums<Scalar>(rows, columns, {c.data(), columns}, sums.data());
      const Eigen::RowVectorXd expected = c.template cast<double>().colwise().sum().array() + 1.0;
      CHECK((Eigen::Map<const Eigen::RowVectorXd>(sums.data(), columns) - expected).norm() <=
            double(tolerance) * expected.norm());
    }
}

}  // namespace

TEST_CASE("products, sums over lists and column sums in float") { check_all<float>(); }
TEST_CASE("products, sums over lists and column sums in double") { check_all<double>(); }
