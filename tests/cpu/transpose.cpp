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
