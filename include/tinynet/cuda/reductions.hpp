// The verbs of a device that sum, in an order that depends on the sizes alone: see cpu/reduce.hpp and softmax.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tinynet/core/math.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/cuda/elementwise.hpp>

namespace tinynet::detail {
namespace reductions {

/// The sum of the numbers i, i + chunks, i + 2 chunks, ... of n, or of their squares.
template <class Scalar>
struct Chunk {
  const Scalar* x;
  Index n, chunks;
  bool squares;

  constexpr double operator()(Index i) const {
    double total = 0;
    for (Index k = i; k < n; k += chunks) {
      const auto number = static_cast<double>(x[k].number);
      total += squares ? number * number : number;
    }
    return total;
  }
};

/// `factor` times the sum of `count` totals that are `stride` apart, added to what is there or not.
template <class Number, class Device>
struct Combine {
  const On<double, Device>* totals;
  Index count, stride;
  double factor;
  const On<Number, Device>* before;  // null: nothing

  constexpr Number operator()(Index i) const {
    double total = 0;
    for (Index k = 0; k < count; ++k) total += totals[k * stride + i].number;
    const auto sum = static_cast<Number>(factor * total);
    return before == nullptr ? sum : before[i].number + sum;
  }
};

/// Number i = chunk * cols + column: the sum of every chunks-th row of a column.
template <class Scalar>
struct ColumnChunk {
  const Scalar* x;
  Index rows, cols, chunks;

  constexpr double operator()(Index i) const {
    double total = 0;
    for (Index r = i / cols; r < rows; r += chunks) total += static_cast<double>(x[r * cols + i % cols].number);
    return total;
  }
};

/// The sum of a row, or of the products of two rows' elements.
template <class Number, class Device>
struct RowSum {
  const On<Number, Device>*x, *factor;  // factor null: 1
  Index cols;
  const On<Number, Device>* before;  // null: nothing

  constexpr Number operator()(Index r) const {
    double total = 0;
    for (Index i = r * cols; i < (r + 1) * cols; ++i)
      total += static_cast<double>(x[i].number) * (factor == nullptr ? 1.0 : static_cast<double>(factor[i].number));
    const auto sum = static_cast<Number>(total);
    return before == nullptr ? sum : before[r].number + sum;
  }
};

/// The largest number of a row. A NaN shows in the sum of the exponentials.
template <class Number, class Device>
struct RowLargest {
  const On<Number, Device>* x;
  Index cols;

  constexpr Number operator()(Index r) const {
    Number largest = std::numeric_limits<Number>::lowest();
    for (Index i = r * cols; i < (r + 1) * cols; ++i)
      if (largest < x[i].number) largest = x[i].number;
    return largest;
  }
};

/// The sum of exp(x - largest) over a row.
template <class Number, class Device>
struct RowExponentials {
  const On<Number, Device>*x, *largest;
  Index cols;

  constexpr Number operator()(Index r) const {
    double total = 0;
    for (Index i = r * cols; i < (r + 1) * cols; ++i)
      total += static_cast<double>(math::exp(x[i].number - largest[r].number));
    return static_cast<Number>(total);
  }
};

// The formulas of softmax, given of each row: the largest and the sum of the exponentials; a sum. Called with the
// element and these.

struct Softmax {
  template <class T>
  constexpr T operator()(T x, T largest, T total) const {
    return math::exp(x - largest) / total;
  }
};
struct SoftmaxGradient {
  template <class T>
  constexpr T operator()(T y, T dy, T total) const {
    return y * (dy - total);
  }
};
struct LogSoftmax {
  template <class T>
  constexpr T operator()(T x, T largest, T total) const {
    return x - (largest + math::log(total));
  }
};
struct LogSoftmaxGradient {
  template <class T>
  constexpr T operator()(T y, T dy, T total) const {
    return dy - math::exp(y) * total;
  }
};

/// What a row of logits, its label and its sums are to the cross entropy: see cross_entropy_row.
template <class Number, class Device>
struct CrossEntropy {
  const On<Number, Device>* x;
  const On<std::int32_t, Device>* labels;
  const On<Number, Device>*largest, *total;
  Index classes;
  double smoothing;

  constexpr Number spread() const { return static_cast<Number>(smoothing / static_cast<double>(classes)); }

  /// The loss of a row.
  constexpr Number operator()(Index r) const {
    if (labels[r].number < 0) return Number(0);
    const Number top = largest[r].number, kept = static_cast<Number>(1 - smoothing);
    Number loss = math::log(total[r].number) - kept * (x[r * classes + labels[r].number].number - top);
    if (smoothing != 0)
      for (Index c = 0; c < classes; ++c) loss -= spread() * (x[r * classes + c].number - top);
    return loss;
  }
};

/// The gradient of the same by element i, times `scale`.
template <class Number, class Device>
struct CrossEntropyGradient {
  CrossEntropy<Number, Device> of;
  Number scale;

  constexpr Number operator()(Index i) const {
    const Index r = i / of.classes, c = i % of.classes;
    if (of.labels[r].number < 0) return Number(0);
    const Number probability = math::exp(of.x[i].number - of.largest[r].number) / of.total[r].number;
    const Number target = of.spread() + (c == of.labels[r].number ? static_cast<Number>(1 - of.smoothing) : Number(0));
    return (probability - target) * scale;
  }
};

/// The largest of each row, and the sums of exp(x - largest).
template <class Scalar>
struct RowScale {
  Buffer<Scalar> largest, total;

  RowScale(const Scalar* x, Shape shape) : largest(shape.rows), total(shape.rows) {
    using Number = number_of<Scalar>;
    using Device = device_of<Scalar>;
    each(largest.data(), shape.rows, RowLargest<Number, Device>{x, shape.cols});
    each(total.data(), shape.rows, RowExponentials<Number, Device>{x, largest.data(), shape.cols});
  }
};

/// A number of each row as a source of an elementwise operation.
template <class Scalar>
Source<Scalar> of_rows(const Scalar* numbers, Shape shape) {
  return Source<Scalar>(numbers, {shape.rows, 1}, shape);
}

/// y = f(x, the largest, the sum of exp(x - the largest)) of each row.
template <class F, class Scalar>
void row_softmax(const F& f, const Scalar* x, Shape shape, Scalar* y) {
  const RowScale<Scalar> scale(x, shape);
  transform(shape, f, y, Source<Scalar>(x, shape, shape), of_rows(scale.largest.data(), shape),
            of_rows(scale.total.data(), shape));
}

}  // namespace reductions

/// How many sums are computed beside one another, and then added up.
inline constexpr Index most_chunks = 1024;

template <class Number, class Device>
void sum(const On<Number, Device>* x, Index n, double factor, On<Number, Device>* out, bool accumulate) {
  const Index chunks = std::min(most_chunks, n / 64 + 1);
  const Buffer<On<double, Device>> totals(chunks);
  each(totals.data(), chunks, reductions::Chunk<On<Number, Device>>{x, n, chunks, false});
  each(out, 1, reductions::Combine<Number, Device>{totals.data(), chunks, 1, factor, accumulate ? out : nullptr});
}

template <class Number, class Device>
double squared_norm(const On<Number, Device>* x, Index n) {
  const Index chunks = std::min(most_chunks, n / 64 + 1);
  const Buffer<On<double, Device>> totals(chunks), norm(1);
  each(totals.data(), chunks, reductions::Chunk<On<Number, Device>>{x, n, chunks, true});
  each(norm.data(), 1, reductions::Combine<double, Device>{totals.data(), chunks, 1, 1.0, nullptr});
  double number = 0;
  copy_across(norm.data(), 1, &number);
  return number;
}

template <class Number, class Device>
void sum_cols(const On<Number, Device>* x, Shape shape, On<Number, Device>* out, bool accumulate) {
  const Index chunks = std::min(most_chunks / 4, shape.rows / 16 + 1);
  const Buffer<On<double, Device>> totals(chunks * shape.cols);
  each(totals.data(), chunks * shape.cols,
       reductions::ColumnChunk<On<Number, Device>>{x, shape.rows, shape.cols, chunks});
  each(out, shape.cols,
       reductions::Combine<Number, Device>{totals.data(), chunks, shape.cols, 1.0, accumulate ? out : nullptr});
}

template <class Number, class Device>
void sum_rows(const On<Number, Device>* x, Shape shape, On<Number, Device>* out, bool accumulate) {
  each(out, shape.rows, reductions::RowSum<Number, Device>{x, nullptr, shape.cols, accumulate ? out : nullptr});
}

namespace reductions {

/// dx = f(y, dy, the sum of dy factor over the row), or dx += it; the factor is 1 if null.
template <class F, class Scalar>
void row_gradient(const F& f, const Scalar* y, const Scalar* dy, const Scalar* factor, Shape shape, Scalar* dx,
                  bool accumulate) {
  const Buffer<Scalar> totals(shape.rows), change(shape.size());
  each(totals.data(), shape.rows, RowSum<number_of<Scalar>, device_of<Scalar>>{dy, factor, shape.cols, nullptr});
  transform(shape, f, accumulate ? change.data() : dx, Source<Scalar>(y, shape, shape),
            Source<Scalar>(dy, shape, shape), of_rows(totals.data(), shape));
  if (accumulate) add(change.data(), shape.size(), dx);
}

}  // namespace reductions

template <class Number, class Device>
void softmax_forward(const On<Number, Device>* x, Shape shape, On<Number, Device>* y) {
  reductions::row_softmax(reductions::Softmax{}, x, shape, y);
}

template <class Number, class Device>
void log_softmax_forward(const On<Number, Device>* x, Shape shape, On<Number, Device>* y) {
  reductions::row_softmax(reductions::LogSoftmax{}, x, shape, y);
}

template <class Number, class Device>
void softmax_backward(const On<Number, Device>* y, const On<Number, Device>* dy, Shape shape, On<Number, Device>* dx,
                      bool accumulate) {
  reductions::row_gradient(reductions::SoftmaxGradient{}, y, dy, y, shape, dx, accumulate);
}

template <class Number, class Device>
void log_softmax_backward(const On<Number, Device>* y, const On<Number, Device>* dy, Shape shape,
                          On<Number, Device>* dx, bool accumulate) {
  const On<Number, Device>* const one = nullptr;
  reductions::row_gradient(reductions::LogSoftmaxGradient{}, y, dy, one, shape, dx, accumulate);
}

template <class Number, class Device>
void cross_entropy_forward(const On<Number, Device>* x, Shape shape, const On<std::int32_t, Device>* labels,
                           double smoothing, double factor, On<Number, Device>* loss, On<Number, Device>* dx) {
  const reductions::RowScale<On<Number, Device>> scale(x, shape);
  const Buffer<On<Number, Device>> losses(shape.rows);
  const reductions::CrossEntropy<Number, Device> of{x,          labels,   scale.largest.data(), scale.total.data(),
                                                    shape.cols, smoothing};
  each(losses.data(), shape.rows, of);
  sum(losses.data(), shape.rows, factor, loss, false);
  if (dx != nullptr)
    each(dx, shape.size(), reductions::CrossEntropyGradient<Number, Device>{of, static_cast<Number>(factor)});
}

}  // namespace tinynet::detail
