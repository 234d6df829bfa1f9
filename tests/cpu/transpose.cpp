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
      Matrix<Scalar> y = Matrix<Scalar>::Constant(cols + 1, rows, 7);
      detail::transpose<false, Scalar>(rows, cols, from, [&](Index j) { return y.data() + j * rows; });
      CHECK(y.topRows(cols) == x.transpose());
      CHECK((y.row(cols).array() == 7).all());

      const Index width = (rows + size - 1) / size * size;
      Matrix<Scalar> padded = Matrix<Scalar>::Constant(cols, width, 7);
      detail::transpose<true, Scalar>(rows, cols, from, [&](Index j) { return padded.data() + j * width; });
      CHECK(padded.leftCols(rows) == x.transpose());
      CHECK((padded.rightCols(width - rows).array() == 0).all());
    }
}

}  // namespace

TEST_CASE("float") { check_all<float>(); }
TEST_CASE("double") { check_all<double>(); }
