// Blocks of matrices are copied and added, transposed or not, against Eigen.
#include <doctest/doctest.h>

#include <tinynet/cpu/copy_block.hpp>

using namespace tinynet;
using detail::copy_block;
using detail::Strides;

namespace {

using M = Matrix<double>;

/// The block of m that begins at (row, col); transposed, the block of its transpose.
template <class Scalar, class Numbers>
Strides<Scalar> strides(Numbers& m, bool transposed, Index row, Index col) {
  const Strides<Scalar> whole =
      transposed ? Strides<Scalar>{m.data(), 1, m.cols()} : Strides<Scalar>{m.data(), m.cols()};
  return {whole.at(row, col), whole.row_stride, whole.col_stride};
}

/// Copies a block between two such matrices, and compares all of the target with what Eigen makes of it.
void check(Shape shape, const M& from, M to, Index row, Index col) {
  CAPTURE(shape.rows);
  CAPTURE(shape.cols);
  for (const bool transposed_from : {false, true})
    for (const bool transposed_to : {false, true})
      for (const bool accumulate : {false, true}) {
        const M source = transposed_from ? M(from.transpose()) : from;
        M expected = transposed_to ? M(to.transpose()) : to;
        auto target = expected.block(row, col, shape.rows, shape.cols);
        const auto block = source.block(col, row, shape.rows, shape.cols);
        if (accumulate)
          target += block;
        else
          target = block;
        copy_block<double>(shape, strides<const double>(from, transposed_from, col, row),
                           strides<double>(to, transposed_to, row, col), accumulate);
        CHECK((transposed_to ? M(to.transpose()) : to) == expected);
      }
}

}  // namespace

TEST_CASE("blocks of larger matrices, and nothing around them") {
  const M from = M::Random(9, 9), to = M::Random(9, 9);
  for (const Shape shape : {Shape{3, 4}, Shape{4, 3}, Shape{1, 6}, Shape{6, 1}, Shape{1, 1}, Shape{0, 3}, Shape{3, 0}})
    check(shape, from, to, 2, 1);
}

TEST_CASE("numbers that lie one after another, on both sides or on one") {
  check({8, 8}, M::Random(8, 8), M::Random(8, 8), 0, 0);
  const M whole = M::Random(9, 9), block = whole.block(2, 3, 4, 5);
  M part(4, 5), turned(5, 4), larger = M::Zero(9, 9);
  copy_block<double>({4, 5}, strides<const double>(whole, false, 2, 3), {part.data(), 5}, false);
  CHECK(part == block);
  copy_block<double>({5, 4}, {part.data(), 1, 5}, {turned.data(), 4}, false);
  CHECK(turned == block.transpose());
  copy_block<double>({4, 5}, {turned.data(), 1, 4}, {part.data(), 5}, true);
  CHECK(part == 2 * block);
  copy_block<double>({4, 5}, {part.data(), 5}, strides<double>(larger, false, 2, 3), false);
  CHECK(larger.block(2, 3, 4, 5) == 2 * block);
  CHECK(larger.sum() == doctest::Approx(2 * block.sum()));
  // A row that becomes a column is as it was.
  const M row = M::Random(1, 5);
  M column(5, 1), again(1, 5);
  copy_block<double>({5, 1}, {row.data(), 1, 5}, {column.data(), 1}, false);
  CHECK(column == row.transpose());
  copy_block<double>({5, 1}, {column.data(), 1}, {again.data(), 1, 5}, false);
  CHECK(again == row);
}
