// The verbs of a linear layer: y = x W^T + b and its gradients, for an input on the tape or one that is read from the
// user's rows a block at a time.
#pragma once

#include <tinynet/core/rows.hpp>
#include <tinynet/cpu/linear_row.hpp>
#include <tinynet/cpu/matmul.hpp>
#include <tinynet/cpu/reduce.hpp>

namespace tinynet::detail {

/// Scratch memory, a piece for each thread, for blocks of `product_rows` rows that must be converted first.
template <class Scalar>
Buffer<Scalar> rows_scratch(const Rows& x) {
  return Buffer<Scalar>(product_rows * x.cols() * num_threads());
}

/// Copies all rows to `to`, row-major.
template <class Scalar>
requires on_cpu<Scalar>
void load(const Rows& x, Scalar* to) {
  const Scalar* const loaded = x.load(0, x.rows(), to);
  if (loaded != to) std::copy_n(loaded, x.shape().size(), to);
}

/// y = x W^T + b, y [N, out] row-major, W [out, in]; no b if null.
template <class Scalar>
void linear_forward(const Rows& x, const Scalar* weight, const Scalar* bias, Index out, Scalar* y) {
  const Index in = x.cols();
  if (x.rows() == 1) {
    Buffer<Scalar> converted(in);
    return linear_row(x.load(0, 1, converted.data()), in, weight, bias, out, y);
  }
  auto scratch = product_scratch<Scalar>();
  auto converted = rows_scratch<Scalar>(x);
  for_row_blocks(x.rows(), [&](Index begin, Index count, int worker) {
    const Scalar* const block = x.load(begin, count, converted.data() + worker * product_rows * in);
    Scalar* const to = y + begin * out;
    for (Index r = 0; r < count; ++r)
      if (bias != nullptr)
        std::copy_n(bias, out, to + r * out);
      else
        std::fill_n(to + r * out, out, Scalar(0));
    multiply_add(to, Factor<Scalar, false>{block, count, in}, Factor<Scalar, true>{weight, in, out},
                 scratch.data() + worker * ProductBlocks<Scalar>::scratch_size);
    recompute_cancelled(count, out, out, to, [&](Index r, Index j) {
      return exact_sum(block + r * in, weight + j * in, in, bias == nullptr ? Scalar(0) : bias[j]);
    });
  });
}

/// dW += dy^T x.
template <class Scalar>
void linear_weight_gradient(const Rows& x, const Scalar* dy, Index out, Scalar* dw) {
  const Index in = x.cols();
  auto scratch = product_scratch<Scalar>();
  auto converted = rows_scratch<Scalar>(x);
  sum_over_rows(x.rows(), out * in, dw, [&](Index begin, Index end, Scalar* sum, int worker) {
    for (Index row = begin; row < end; row += product_rows) {
      const Index count = std::min(product_rows, end - row);
      const Scalar* const block = x.load(row, count, converted.data() + worker * product_rows * in);
      multiply_add(sum, Factor<Scalar, true>{dy + row * out, out, count}, Factor<Scalar, false>{block, count, in},
                   scratch.data() + worker * ProductBlocks<Scalar>::scratch_size);
    }
  });
}

/// dx = dy W, or dx += dy W.
template <class Scalar>
void linear_input_gradient(const Scalar* dy, const Scalar* weight, Index rows, Index in, Index out, Scalar* dx,
                           bool accumulate) {
  multiply(dx, Factor<Scalar, false>{dy, rows, out}, Factor<Scalar, false>{weight, out, in}, accumulate);
}

}  // namespace tinynet::detail
