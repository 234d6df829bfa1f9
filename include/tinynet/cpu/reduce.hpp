// Sums in an order that depends on the sizes alone, with double-precision totals.
#pragma once

#include <complex>
#include <tinynet/core/device.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/core/threads.hpp>

namespace tinynet::detail {

/// What sums of Scalar are kept in.
template <class Scalar>
using Total = std::conditional_t<is_complex<Scalar>, std::complex<double>, double>;

/// The sum of f(i) for i in [0, count), each term a Total: a part's terms in order, the parts as a tree.
template <class T, class F>
T sum_of(Index count, const F& f, Index smallest_part = Partition::rows_per_part) {
  const Partition partition(count, smallest_part);
  std::array<T, Partition::most_parts> partial;
  parallel_for(partition.parts(), [&](Index part, int) {
    T total(0);
    for (Index i = partition.begin(part); i < partition.end(part); ++i) total += f(i);
    partial[static_cast<std::size_t>(part)] = total;
  });
  tree_sum(partial.data(), partition.parts(), 1, 0, 1);
  return partial[0];
}

/// The sum of n numbers that lie one after another, as a Total.
template <class Scalar>
Total<Scalar> sum(const Scalar* x, Index n) {
  // Eight running totals a block, so that one addition need not wait for the one before.
  constexpr Index lanes = 8, block = 1024;
  return sum_of<Total<Scalar>>((n + block - 1) / block,
                               [&](Index b) {
                                 std::array<Total<Scalar>, lanes> total{};
                                 const Scalar* const from = x + b * block;
                                 const Index size = std::min(block, n - b * block);
                                 Index i = 0;
                                 for (; i + lanes <= size; i += lanes)
                                   for (Index lane = 0; lane < lanes; ++lane)
                                     total[static_cast<std::size_t>(lane)] += Total<Scalar>(from[i + lane]);
                                 for (; i < size; ++i) total[0] += Total<Scalar>(from[i]);
                                 tree_sum(total.data(), lanes, 1, 0, 1);
                                 return total[0];
                               },
                               16);
}

/// *out = factor times the sum of n numbers, or *out += it.
template <class Scalar>
requires on_cpu<Scalar>
void sum(const Scalar* x, Index n, double factor, Scalar* out, bool accumulate) {
  const auto total = static_cast<Scalar>(sum(x, n) * Total<Scalar>(factor));
  *out = accumulate ? *out + total : total;
}

/// The sum of the squares of n numbers.
template <class Scalar>
requires on_cpu<Scalar>
double squared_norm(const Scalar* x, Index n) {
  return sum_of<double>(n, [x](Index i) {
    const auto number = static_cast<double>(x[i]);
    return number * number;
  });
}

/// out[c] = the sum of column c of a row-major matrix, or out[c] += it.
template <class Scalar>
requires on_cpu<Scalar>
void sum_cols(const Scalar* x, Shape shape, Scalar* out, bool accumulate) {
  using T = Total<Scalar>;
  const Partition partition(shape.rows);
  Buffer<T> partial(partition.parts() * shape.cols);
  parallel_for(partition.parts(), [&](Index part, int) {
    T* const total = partial.data() + part * shape.cols;
    for (Index c = 0; c < shape.cols; ++c) total[c] = T(0);
    for (Index r = partition.begin(part); r < partition.end(part); ++r)
      for (Index c = 0; c < shape.cols; ++c) total[c] += T(x[r * shape.cols + c]);
  });
  tree_sum(partial.data(), partition.parts(), shape.cols, 0, shape.cols);
  for (Index c = 0; c < shape.cols; ++c)
    out[c] = accumulate ? out[c] + static_cast<Scalar>(partial[c]) : static_cast<Scalar>(partial[c]);
}

/// out[r] = the sum of row r of a row-major matrix, or out[r] += it.
template <class Scalar>
requires on_cpu<Scalar>
void sum_rows(const Scalar* x, Shape shape, Scalar* out, bool accumulate) {
  constexpr Index grain = 512;  // rows
  parallel_ranges(shape.rows, grain, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      Total<Scalar> total(0);
      for (Index c = 0; c < shape.cols; ++c) total += Total<Scalar>(x[r * shape.cols + c]);
      out[r] = accumulate ? out[r] + static_cast<Scalar>(total) : static_cast<Scalar>(total);
    }
  });
}

}  // namespace tinynet::detail
