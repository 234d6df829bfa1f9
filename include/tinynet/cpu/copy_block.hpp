// The verb that moves numbers: a block of a matrix, as it stands or transposed.
#pragma once

#include <tinynet/core/numbers.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/cpu/transpose.hpp>

namespace tinynet::detail {

/// Numbers that are so far apart in memory: (r, c) lies at data[r * row_stride + c * col_stride].
template <class Scalar>
struct Strides {
  Scalar* data;
  Index row_stride, col_stride = 1;

  constexpr Scalar* at(Index r, Index c) const { return data + r * row_stride + c * col_stride; }
};

/// to(r, c) = from(r, c), or to(r, c) += from(r, c).
template <class Scalar>
requires on_cpu<Scalar>
void copy_block(Shape shape, Strides<const Scalar> from, Strides<Scalar> to, bool accumulate) {
  if (from.col_stride == 1 && to.col_stride == 1 && from.row_stride == shape.cols && to.row_stride == shape.cols)
    shape = {1, shape.size()};
  if (from.row_stride == 1 && from.col_stride != 1 && to.col_stride == 1)
    return transpose_block(shape.rows, shape.cols,
                           Transposition<Scalar>{from.data, from.col_stride, to.data, to.row_stride, accumulate});
  for (Index r = 0; r < shape.rows; ++r) {
    const Scalar* const source = from.at(r, 0);
    Scalar* const target = to.at(r, 0);
    if (from.col_stride != 1 || to.col_stride != 1)
      for (Index c = 0; c < shape.cols; ++c) {
        const Scalar number = source[c * from.col_stride];
        target[c * to.col_stride] = accumulate ? target[c * to.col_stride] + number : number;
      }
    else if (accumulate)
      add(source, shape.cols, target);
    else
      copy(source, shape.cols, target);
  }
}

}  // namespace tinynet::detail
