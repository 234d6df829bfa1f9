#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <tinynet/core/rows.hpp>
#include <utility>
#include <vector>

using namespace tinynet;

namespace {

/// Element (r, c) is 10 r + c.
template <class M>
M counted(Index rows, Index cols) {
  M matrix(rows, cols);
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) matrix(r, c) = static_cast<typename M::Scalar>(10 * r + c);
  return matrix;
}

/// Rows [begin, begin + count) as a matrix.
template <class Scalar>
Matrix<Scalar> loaded(const Rows& rows, Index begin, Index count) {
  Matrix<Scalar> scratch = Matrix<Scalar>::Constant(count, rows.cols(), Scalar(-1));
  const Scalar* const data = rows.load(begin, count, scratch.data());
  return ConstMatrixView<Scalar>(data, count, rows.cols());
}

const Matrix<double> expected = counted<Matrix<double>>(5, 3);

}  // namespace

TEST_CASE("rows of every type and order are read as row-major numbers") {
  const auto check = [](const Rows& rows) {
    CHECK(rows.shape() == Shape{5, 3});
    CHECK(loaded<double>(rows, 0, 5) == expected);
    CHECK(loaded<double>(rows, 2, 2) == expected.middleRows(2, 2));
    CHECK(loaded<float>(rows, 1, 3) == expected.middleRows(1, 3).cast<float>());
    CHECK(loaded<float>(rows, 4, 1) == expected.bottomRows(1).cast<float>());
  };
  const auto bytes = counted<Matrix<std::uint8_t>>(5, 3);
  const auto floats = counted<Matrix<float>>(5, 3);
  const Eigen::MatrixXd column_major = expected;
  const Eigen::ArrayXXf array = floats.array();
  Matrix<double> larger = Matrix<double>::Constant(9, 7, -5);
  larger.block(2, 3, 5, 3) = expected;
  Matrix<double> doubled(10, 6);
  doubled.setConstant(-5);
  Eigen::Map<Matrix<double>, 0, Eigen::Stride<12, 2>> strided(doubled.data(), 5, 3);
  strided = expected;
  check(Rows(bytes));
  check(Rows(floats));
  check(Rows(expected));
  check(Rows(column_major));
  check(Rows(array));
  check(Rows(larger.block(2, 3, 5, 3)));
  check(Rows(strided));
  check(Rows(bytes.data(), {5, 3}, 3));
  check(Rows(column_major.data(), {5, 3}, 1, 5));
}

TEST_CASE("numbers that lie as they are wanted are not copied") {
  double scratch[15];
  CHECK(Rows(expected).load(0, 5, scratch) == expected.data());
  CHECK(Rows(expected).load(2, 3, scratch) == expected.data() + 6);
  const Eigen::MatrixXd column_major = expected;
  CHECK(Rows(column_major).load(0, 5, scratch) == scratch);
  CHECK(Rows(counted<Matrix<float>>(5, 3)).load(0, 5, scratch) == scratch);
}

TEST_CASE("matrices and lists that are temporaries are kept") {
  const auto make = [] { return Rows(counted<Matrix<float>>(5, 3)); };
  const Rows all = make(), some = make().select(std::vector<Index>{4, 0});
  const Rows one = make().select({1, 2}).middle_rows(1, 1), fixed = make().select(std::array<Index, 1>{3});
  const std::vector<Matrix<float>> overwritten(20, Matrix<float>::Zero(5, 3));
  const auto numbers = [](const Rows& rows) {
    Matrix<float> copy(rows.rows(), rows.cols());
    const float* const loaded = rows.load(0, rows.rows(), copy.data());
    return Matrix<float>(ConstMatrixView<float>(loaded, rows.rows(), rows.cols()));
  };
  const Matrix<float> kept = counted<Matrix<float>>(5, 3);
  CHECK(numbers(all) == kept);
  CHECK(numbers(some).row(0) == kept.row(4));
  CHECK(numbers(some).row(1) == kept.row(0));
  CHECK(numbers(one).row(0) == kept.row(2));
  CHECK(numbers(fixed).row(0) == kept.row(3));
}

TEST_CASE("a fingerprint tells all that may change, and nothing that may not") {
  Matrix<float> x = counted<Matrix<float>>(5, 3);
  const Rows rows(x);
  const auto before = rows.fingerprint();
  CHECK(rows.fingerprint() == before);
  for (Index i = 0; i < x.size(); ++i) {
    const float number = std::exchange(x.data()[i], -x.data()[i] - 1);
    CHECK(rows.fingerprint() != before);
    x.data()[i] = number;
  }
  CHECK(rows.fingerprint() == before);
  x.row(1).swap(x.row(2));
  CHECK(rows.fingerprint() != before);
  const Rows unchanging = rows.owned_by(std::make_shared<int>());
  const auto of_unchanging = unchanging.fingerprint();
  x.setZero();
  CHECK(unchanging.fingerprint() == of_unchanging);
}

TEST_CASE("a selection of rows, in its order, some more than once") {
  const std::vector<Index> order{4, 0, 0, 2}, columns{0, 1, 2};
  const Rows selected = Rows(expected).select(order);
  CHECK(selected.shape() == Shape{4, 3});
  CHECK(loaded<double>(selected, 0, 4) == expected(order, columns));
  CHECK(loaded<double>(selected, 2, 2) == expected(std::vector<Index>{0, 2}, columns));
  CHECK(Rows(expected).select(std::vector<Index>{}).rows() == 0);
}

TEST_CASE("a row that does not exist is refused, and a selection of a selection") {
  const Rows rows(expected);
  const std::vector<Index> too_large{0, 5}, negative{-1}, fine{1};
  CHECK_THROWS_WITH_AS(rows.select(too_large), "Rows: row 5 of 5 was asked for", Error);
  CHECK_THROWS_WITH_AS(rows.select(negative), "Rows: row -1 of 5 was asked for", Error);
  CHECK_THROWS_AS(rows.select(fine).select(fine), Error);
}

TEST_CASE("some rows from one on") {
  const std::vector<Index> order{4, 0, 0, 2}, columns{0, 1, 2};
  const Matrix<std::uint8_t> bytes = counted<Matrix<std::uint8_t>>(5, 3);
  const Eigen::MatrixXd column_major = expected;
  CHECK(loaded<double>(Rows(expected).middle_rows(1, 3), 0, 3) == expected.middleRows(1, 3));
  CHECK(loaded<double>(Rows(column_major).middle_rows(1, 3), 1, 2) == expected.middleRows(2, 2));
  CHECK(loaded<double>(Rows(bytes).scaled(0.5).middle_rows(2, 3), 0, 3) == 0.5 * bytes.cast<double>().middleRows(2, 3));
  CHECK(loaded<double>(Rows(expected).select(order).middle_rows(1, 3), 0, 3) ==
        expected(std::vector<Index>{0, 0, 2}, columns));
  CHECK(Rows(expected).middle_rows(5, 0).rows() == 0);
  CHECK_THROWS_WITH_AS(Rows(expected).middle_rows(3, 3), "Rows: 3 rows from row 3 of 5 were asked for", Error);
  CHECK_THROWS_AS(Rows(expected).middle_rows(-1, 3), Error);
}
