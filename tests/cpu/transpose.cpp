// Transposing by packs against Eigen's transpose(), for every size that a pack can leave over.
#include <doctest/doctest.h>

#include <tinynet/cpu/transpose.hpp>

using tinynet::Index;
using tinynet::Matrix;
using tinynet::Pack;
namespace detail = tinynet::detail;

namespace {

template <class Scalar>
void check_all() {
  constexpr Index size = Pack<Scalar>::size;
  for (Index rows = 1; rows <= 2 * size + 1; ++rows)
    for (Index cols = 1; cols <= 2 * size + 1; ++cols) {
      CAPTURE(rows);
      CAPTURE(cols);
      const Matrix<Scalar> x = Matrix<Scalar>::Random(rows, cols);
      const auto from = [&](Index i) { return x.data() + i * cols; };
      const Index width = (rows + size - 1) / size * size;
      Matrix<Scalar> y = Matrix<Scalar>::Constant(cols, width, 7);
      detail::transpose<Scalar>(
          rows, cols, from, [&](Index j, Index i, Pack<Scalar> numbers) { numbers.store(y.data() + j * width + i); });
      CHECK(y.leftCols(rows) == x.transpose());
      CHECK((y.rightCols(width - rows).array() == 0).all());
    }
}

}  // namespace

TEST_CASE("float") { check_all<float>(); }
TEST_CASE("double") { check_all<double>(); }

namespace {

// Blocks of every size around that of the squares, within larger matrices.
template <class Scalar>
void check_blocks() {
  for (const Index rows : {1, 2, 3, 5, 8, 15, 16, 17, 30, 33, 70})
    for (const Index cols : {1, 2, 4, 7, 9, 16, 31, 32, 64, 65, 130}) {
      CAPTURE(rows);
      CAPTURE(cols);
      const Matrix<Scalar> from = Matrix<Scalar>::Random(cols, rows + 3),
                           before = Matrix<Scalar>::Random(rows, cols + 2);
      Matrix<Scalar> to = before;
      detail::transpose_block<Scalar>(rows, cols, {from.data(), rows + 3, to.data(), cols + 2, false});
      CHECK(to.leftCols(cols) == from.leftCols(rows).transpose());
      CHECK(to.rightCols(2) == before.rightCols(2));
      to = before;
      detail::transpose_block<Scalar>(rows, cols, {from.data(), rows + 3, to.data(), cols + 2, true});
      CHECK(to.leftCols(cols) == before.leftCols(cols) + from.leftCols(rows).transpose());
      CHECK(to.rightCols(2) == before.rightCols(2));
    }
}

}  // namespace

TEST_CASE("blocks of float") { check_blocks<float>(); }
TEST_CASE("blocks of double") { check_blocks<double>(); }
