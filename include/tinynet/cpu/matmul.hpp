// Products of matrices with Eigen's kernels, cut and summed in a fixed way: Eigen itself chooses its blocks by the
// size of the caches and the number of threads, and other blocks give other last bits.
#pragma once

#include <algorithm>
#include <tinynet/core/device.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/core/threads.hpp>

namespace tinynet::detail {

/// A row-major matrix in memory, read as it stands or transposed.
template <class Scalar, bool Transposed = false>
struct Factor {
  const Scalar* data;
  Index rows, cols;  // as it is read, after transposing

  static Factor of(const Scalar* numbers, Shape stored) {
    return Transposed ? Factor{numbers, stored.cols, stored.rows} : Factor{numbers, stored.rows, stored.cols};
  }
  constexpr Index stride() const { return Transposed ? rows : cols; }
  constexpr const Scalar& operator()(Index r, Index c) const {
    return Transposed ? data[c * stride() + r] : data[r * stride() + c];
  }
};

/// The blocks that one thread's product works with, whatever the machine.
template <class Scalar>
class ProductBlocks : public Eigen::internal::level3_blocking<Scalar, Scalar> {
 public:
  static constexpr Index depth = 256, rows = 192, cols = 256;
  static constexpr Index scratch_size = depth * (rows + cols);

  explicit ProductBlocks(Scalar* scratch) {
    this->m_kc = depth;
    this->m_mc = rows;
    this->m_nc = cols;
    this->m_blockA = scratch;
    this->m_blockB = scratch + depth * rows;
  }
};

/// Is a product so small that packing its factors costs more than it saves?
constexpr bool is_small_product(Index rows, Index cols, Index depth) {
  return rows < 4 || cols < 4 || rows * cols * depth <= 4096;
}

// out += a b, element by element: for small products.
template <class Scalar, bool TransposedA, bool TransposedB>
void multiply_small(Scalar* out, const Factor<Scalar, TransposedA>& a, const Factor<Scalar, TransposedB>& b) {
  if constexpr (TransposedB && !TransposedA && has_pack<Scalar>) {  // rows times rows
    using P = Pack<Scalar>;
    for (Index r = 0; r < a.rows; ++r)
      for (Index c = 0; c < b.cols; ++c) {
        const Scalar *const x = &a(r, 0), *const w = &b(0, c);
        P total(Scalar(0));
        Index k = 0;
        for (; k + P::size <= a.cols; k += P::size) total = math::multiply_add(P::load(x + k), P::load(w + k), total);
        Scalar rest(0);
        for (; k < a.cols; ++k) rest += x[k] * w[k];
        out[r * b.cols + c] += total.sum() + rest;
      }
  } else {
    for (Index r = 0; r < a.rows; ++r)
      for (Index k = 0; k < a.cols; ++k) {
        const Scalar factor = a(r, k);
        for (Index c = 0; c < b.cols; ++c) out[r * b.cols + c] += factor * b(k, c);
      }
  }
}

// out += a b by Eigen's kernel.
template <class Scalar, bool TransposedA, bool TransposedB>
void multiply_blocks(Scalar* out, const Factor<Scalar, TransposedA>& a, const Factor<Scalar, TransposedB>& b,
                     Scalar* scratch) {
  ProductBlocks<Scalar> blocks(scratch);
  constexpr int a_order = TransposedA ? Eigen::ColMajor : Eigen::RowMajor;
  constexpr int b_order = TransposedB ? Eigen::ColMajor : Eigen::RowMajor;
  Eigen::internal::general_matrix_matrix_product<Index, Scalar, a_order, false, Scalar, b_order, false, Eigen::RowMajor,
                                                 1>::run(a.rows, b.cols, a.cols, a.data, a.stride(), b.data, b.stride(),
                                                         out, 1, b.cols, Scalar(1), blocks, nullptr);
}

/// out += a b on the calling thread; `scratch` has room for ProductBlocks::scratch_size numbers.
template <class Scalar, bool TransposedA, bool TransposedB>
void multiply_add(Scalar* out, const Factor<Scalar, TransposedA>& a, const Factor<Scalar, TransposedB>& b,
                  Scalar* scratch) {
  if constexpr (!cuda_unit)
    if (!is_small_product(a.rows, b.cols, a.cols)) return multiply_blocks(out, a, b, scratch);
  multiply_small(out, a, b);
}

template <class Scalar>
Buffer<Scalar> product_scratch() {
  return Buffer<Scalar>(ProductBlocks<Scalar>::scratch_size * num_threads());
}

/// Rows of the result that one thread computes at a time.
inline constexpr Index product_rows = 128;

/// Calls f(begin, count, worker) for blocks of product_rows rows on all cores.
template <class F>
void for_row_blocks(Index rows, const F& f) {
  parallel_for((rows + product_rows - 1) / product_rows, [&](Index block, int worker) {
    const Index begin = block * product_rows;
    f(begin, std::min(product_rows, rows - begin), worker);
  });
}

/// out += sum over the parts of `rows` rows of term(begin, end, partial, worker), where term adds to `partial`
/// (`size` zeros at first): for products whose inner dimension is the rows of a batch.
template <class Scalar, class Term>
void sum_over_rows(Index rows, Index size, Scalar* out, const Term& term) {
  const Partition partition(rows);
  Buffer<Scalar> partial(partition.parts() * size);
  parallel_for(partition.parts(), [&](Index part, int worker) {
    Scalar* const sum = partial.data() + part * size;
    std::fill_n(sum, size, Scalar(0));
    term(partition.begin(part), partition.end(part), sum, worker);
  });
  constexpr Index grain = 4096;
  parallel_ranges(size, grain, [&](Index begin, Index end) {
    tree_sum(partial.data(), partition.parts(), size, begin, end);
    for (Index i = begin; i < end; ++i) out[i] += partial[i];
  });
}

/// out = a b, or out += a b, on all cores. `out` is row-major and none of the factors.
template <class Scalar, bool TransposedA, bool TransposedB>
requires on_cpu<Scalar>
void multiply(Scalar* out, const Factor<Scalar, TransposedA>& a, const Factor<Scalar, TransposedB>& b,
              bool accumulate = false) {
  const Index size = a.rows * b.cols;
  if (!accumulate) std::fill_n(out, size, Scalar(0));
  if (is_small_product(a.rows, b.cols, a.cols) && a.cols < 4 * Partition::rows_per_part && a.rows < 2 * product_rows)
    return multiply_small(out, a, b);
  const Index scratch_size = ProductBlocks<Scalar>::scratch_size;
  auto scratch = product_scratch<Scalar>();
  if constexpr (TransposedA) {
    static_assert(!TransposedB, "a product of two transposed matrices is not needed");
    sum_over_rows(a.cols, size, out, [&](Index begin, Index end, Scalar* sum, int worker) {
      multiply_add(sum, Factor<Scalar, true>{a.data + begin * a.rows, a.rows, end - begin},
                   Factor<Scalar, false>{b.data + begin * b.cols, end - begin, b.cols},
                   scratch.data() + worker * scratch_size);
    });
  } else {
    for_row_blocks(a.rows, [&](Index begin, Index count, int worker) {
      multiply_add(out + begin * b.cols, Factor<Scalar, false>{a.data + begin * a.cols, count, a.cols}, b,
                   scratch.data() + worker * scratch_size);
    });
  }
}

}  // namespace tinynet::detail
