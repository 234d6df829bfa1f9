// The loops over lists against Eigen's products, for every length that a pack can leave over and every number of packs.
#include <doctest/doctest.h>

#include <tinynet/core/random.hpp>
#include <tinynet/cpu/sparse_kernels.hpp>
#include <vector>

using tinynet::Index;
using tinynet::Matrix;
using tinynet::Pack;
namespace detail = tinynet::detail;

namespace {

using List = detail::SparseList<std::uint16_t>;

// A table of bytes, row i with i numbers that are not 0, and its rows as lists.
struct Table {
  static constexpr Index rows = 40, columns = 50;
  Matrix<double> bytes = Matrix<double>::Zero(rows, columns);
  std::vector<std::uint16_t> index;
  std::vector<std::uint8_t> value;
  std::vector<std::size_t> begin{0};

  Table() {
    tinynet::Generator generator{tinynet::Seed{3}};
    for (Index i = 0; i < rows; ++i) {
      const auto order = tinynet::random_permutation(columns, generator);
      for (Index k = 0; k < i; ++k) {
        const auto column = order[static_cast<std::size_t>(k)];
        const auto byte = static_cast<std::uint8_t>(1 + generator.below(255));
        bytes(i, column) = byte;
        index.push_back(static_cast<std::uint16_t>(column));
        value.push_back(byte);
      }
      begin.push_back(index.size());
    }
    value.resize(value.size() + List::slack, 255);
  }

  List row(Index i, Index number) const {
    const auto at = static_cast<std::size_t>(i);
    return {index.data() + begin[at], value.data() + begin[at], static_cast<Index>(begin[at + 1] - begin[at]), number};
  }
};

template <class Scalar>
void check_all() {
  const Scalar tolerance = std::is_same_v<Scalar, float> ? Scalar(1e-5) : Scalar(1e-13);
  const auto near = [tolerance](const auto& a, const auto& b) {
    return (a - b).norm() <= tolerance * (Scalar(1) + b.norm());
  };
  const Table table;
  const Index rows = Table::rows, inner = Table::columns;
  const Matrix<Scalar> values = (0.5 * table.bytes).cast<Scalar>();
  for (Index packs = 1; packs <= 9; ++packs) {
    CAPTURE(packs);
    const Index columns = packs * Pack<Scalar>::size;
    const Matrix<Scalar> b = Matrix<Scalar>::Random(inner, columns), bias = Matrix<Scalar>::Random(1, columns);
    Matrix<Scalar> c(rows, columns);
    const auto lists = [&](Index i) { return table.row(i, i); };
    detail::gather_tile<Scalar>(rows, columns, lists, Scalar(0.5), {b.data(), columns}, {bias.data(), 0},
                                {c.data(), columns});
    CHECK(near(c, ((values * b).rowwise() + bias.row(0)).eval()));
    const Matrix<Scalar> before = c;
    detail::gather_tile<Scalar>(rows, columns, lists, Scalar(0.5), {b.data(), columns}, {c.data(), columns},
                                {c.data(), columns});
    CHECK(near(c, (before + values * b).eval()));
    // The numbers of the lists say where the sums go.
    const auto backwards = [&](Index i) { return table.row(i, rows - 1 - i); };
    detail::gather_tile<Scalar>(rows, columns, backwards, Scalar(0.5), {b.data(), columns}, {nullptr, 0},
                                {c.data(), columns});
    CHECK(near(c, (values * b).colwise().reverse().eval()));

    Matrix<Scalar> target = b;
    detail::scatter_tile<Scalar>({rows}, columns, lists, Scalar(0.5), {before.data(), columns},
                                 {target.data(), columns});
    CHECK(near(target, (b + values.transpose() * before).eval()));
    target = b;
    const std::vector<std::uint8_t> some{2, 3, 39};
    const std::vector<int> chosen(some.begin(), some.end());
    detail::scatter_tile<Scalar>({3, some.data()}, columns, lists, Scalar(0.5), {before.data(), columns},
                                 {target.data(), columns});
    CHECK(near(target, (b + values(chosen, Eigen::all).transpose() * before(chosen, Eigen::all)).eval()));
  }
}

}  // namespace

TEST_CASE("sums over lists in float") { check_all<float>(); }
TEST_CASE("sums over lists in double") { check_all<double>(); }
