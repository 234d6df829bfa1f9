// The verbs of softmax and cross entropy. The largest element of a row is taken off first, so that no exponential
// overflows.
#pragma once

#include <cstdint>
#include <limits>
#include <tinynet/core/device.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/cpu/reduce.hpp>

namespace tinynet::detail {

/// y[i] = exp(x[i] - m) with m the largest x; returns {m, sum of y}. A NaN among x makes the sum NaN.
template <class Scalar>
struct ShiftedExp {
  Scalar largest, total;
};

template <class Scalar>
ShiftedExp<Scalar> shifted_exp(const Scalar* x, Index n, Scalar* y) {
  if constexpr (has_pack<Scalar>) {
    using P = Pack<Scalar>;
    // What fills the last pack must not be the largest, and its exponential is as good as 0.
    constexpr Scalar lowest = std::numeric_limits<Scalar>::lowest();
    const Index body = n / P::size * P::size;
    const P rest = P::load(x + body, n - body, lowest);
    P top = rest;
    for (Index i = 0; i < body; i += P::size) {
      const P xi = P::load(x + i);
      top = math::select(math::less(top, xi), xi, top);
    }
    const Scalar largest = top.max();
    const P shift(largest);
    P total(Scalar(0));
    for (Index i = 0; i < body; i += P::size) {
      const P yi = math::exp(P::load(x + i) - shift);
      yi.store(y + i);
      total += yi;
    }
    if (n > body) {
      const P yi = math::exp(rest - shift);
      yi.store(y + body, n - body);
      total += P::load(y + body, n - body);
    }
    return {largest, total.sum()};
  } else {
    Scalar largest = x[0], total(0);
    for (Index i = 1; i < n; ++i)
      if (math::less(largest, x[i])) largest = x[i];
    for (Index i = 0; i < n; ++i) total += y[i] = math::exp(x[i] - largest);
    return {largest, total};
  }
}

/// Calls f(row) for all rows, some hundred at a time on each core.
template <class F>
void for_each_row(Index rows, const F& f) {
  constexpr Index grain = 256;
  parallel_ranges(rows, grain, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) f(r);
  });
}

/// y = exp(x) / sum(exp(x)) in each row.
template <class Scalar>
requires on_cpu<Scalar>
void softmax_forward(const Scalar* x, Shape shape, Scalar* y) {
  const Index n = shape.cols;
  for_each_row(shape.rows, [=](Index r) {
    Scalar* const to = y + r * n;
    const auto exponentials = shifted_exp(x + r * n, n, to);
    for (Index i = 0; i < n; ++i) to[i] /= exponentials.total;
  });
}

/// dx = y (dy - sum(dy y)) in each row, or dx += it.
template <class Scalar>
requires on_cpu<Scalar>
void softmax_backward(const Scalar* y, const Scalar* dy, Shape shape, Scalar* dx, bool accumulate) {
  const Index n = shape.cols;
  for_each_row(shape.rows, [=](Index r) {
    const Scalar *const yr = y + r * n, *const dyr = dy + r * n;
    Scalar total(0);
    for (Index i = 0; i < n; ++i) total += dyr[i] * yr[i];
    for (Index i = 0; i < n; ++i) dx[r * n + i] = (accumulate ? dx[r * n + i] : Scalar(0)) + yr[i] * (dyr[i] - total);
  });
}

/// y = x - log(sum(exp(x))) in each row.
template <class Scalar>
requires on_cpu<Scalar>
void log_softmax_forward(const Scalar* x, Shape shape, Scalar* y) {
  const Index n = shape.cols;
  for_each_row(shape.rows, [=](Index r) {
    const auto exponentials = shifted_exp(x + r * n, n, y + r * n);
    const Scalar shift = exponentials.largest + math::log(exponentials.total);
    for (Index i = 0; i < n; ++i) y[r * n + i] = x[r * n + i] - shift;
  });
}

/// dx = dy - exp(y) sum(dy) in each row, or dx += it.
template <class Scalar>
requires on_cpu<Scalar>
void log_softmax_backward(const Scalar* y, const Scalar* dy, Shape shape, Scalar* dx, bool accumulate) {
  const Index n = shape.cols;
  for_each_row(shape.rows, [=](Index r) {
    const Scalar *const yr = y + r * n, *const dyr = dy + r * n;
    Scalar total(0);
    for (Index i = 0; i < n; ++i) total += dyr[i];
    for (Index i = 0; i < n; ++i)
      dx[r * n + i] = (accumulate ? dx[r * n + i] : Scalar(0)) + dyr[i] - math::exp(yr[i]) * total;
  });
}

/// The cross entropy of one row, and its gradient by the logits x if `dx` is not null; both 0 for a negative label:
///   loss = log(sum exp x) - (1 - s) x[label] - s mean(x),  dx = softmax(x) - target.
template <class Scalar>
Scalar cross_entropy_row(const Scalar* x, Index classes, Index label, double smoothing, Scalar* exponentials,
                         Scalar* dx, Scalar scale) {
  if (label < 0) {
    if (dx != nullptr) std::fill_n(dx, classes, Scalar(0));
    return Scalar(0);
  }
  const auto [largest, total] = shifted_exp(x, classes, exponentials);
  const Scalar spread = Scalar(smoothing / static_cast<double>(classes));
  // Everything is relative to the largest logit, so that large logits do not cancel.
  Scalar loss = math::log(total) - Scalar(1 - smoothing) * (x[label] - largest);
  if (smoothing != 0)
    for (Index c = 0; c < classes; ++c) loss -= spread * (x[c] - largest);
  if (dx != nullptr) {
    const Scalar inverse = Scalar(1) / total;
    for (Index c = 0; c < classes; ++c) {
      const Scalar target = c == label ? spread + Scalar(1 - smoothing) : spread;
      dx[c] = (exponentials[c] * inverse - target) * scale;
    }
  }
  return loss;
}

/// *loss = `factor` times the sum of the cross entropies of the rows of x, with their gradients in dx unless it is
/// null.
template <class Scalar>
requires on_cpu<Scalar>
void cross_entropy_forward(const Scalar* x, Shape shape, const std::int32_t* labels, double smoothing, double factor,
                           Scalar* loss, Scalar* dx) {
  const Index classes = shape.cols;
  const Partition partition(shape.rows);
  const Buffer<Scalar> exponentials(classes * partition.parts());
  std::array<Total<Scalar>, Partition::most_parts> partial;
  parallel_for(partition.parts(), [&](Index part, int) {
    Total<Scalar> total(0);
    for (Index r = partition.begin(part); r < partition.end(part); ++r)
      total += Total<Scalar>(cross_entropy_row(x + r * classes, classes, Index{labels[r]}, smoothing,
                                               exponentials.data() + part * classes,
                                               dx == nullptr ? nullptr : dx + r * classes, Scalar(factor)));
    partial[static_cast<std::size_t>(part)] = total;
  });
  tree_sum(partial.data(), partition.parts(), 1, 0, 1);
  *loss = static_cast<Scalar>(partial[0] * Total<Scalar>(factor));
}

/// The cross entropy of `rows` rows of logits x against their labels: returns the sum of
///   log(sum exp x) - (1 - s) x[label] - s mean(x)
/// and writes `scale` times its gradient, softmax(x) - target, to dx. The target is 1 - s at the label, and s spread
/// over all classes. Rows with a negative label do not count. Rows are `classes` numbers in whole packs.
template <class Scalar>
double cross_entropy_tile(Index rows, Index classes, const Scalar* x, const std::int32_t* labels, double smoothing,
                          Scalar scale, Scalar* dx) {
  using P = Pack<Scalar>;
  const Index last = (classes - 1) / P::size * P::size, columns = last + P::size;
  alignas(64) Scalar lanes[P::size];
  for (Index i = 0; i < P::size; ++i) lanes[i] = static_cast<Scalar>(i);
  const auto is_class = math::less(P::load(lanes), P(classes - last));
  const P lowest(std::numeric_limits<Scalar>::lowest());
  const Scalar spread = Scalar(smoothing / static_cast<double>(classes));
  const P offset(spread * scale);
  double losses = 0;
  alignas(64) Scalar sums[P::size];  // of the last rows: several logarithms at once
  for (Index r = 0; r < rows; ++r, x += columns, dx += columns) {
    const std::int32_t label = labels[r];
    // The padding must not be the largest, and its exponential is as good as 0.
    const P rest = math::select(is_class, P::load(x + last), lowest);
    P top = rest;
    for (Index i = 0; i < last; i += P::size) {
      const P xi = P::load(x + i);
      top = math::select(math::less(top, xi), xi, top);
    }
    const Scalar largest = top.max();
    const P shift(largest);
    P total = math::exp(rest - shift);
    total.store(dx + last);
    for (Index i = 0; i < last; i += P::size) {
      const P e = math::exp(P::load(x + i) - shift);
      e.store(dx + i);
      total += e;
    }
    const Scalar sum = total.sum();
    sums[r % P::size] = label < 0 ? Scalar(1) : sum;
    if (const Index n = r % P::size + 1; n == P::size || r + 1 == rows) {
      std::fill(sums + n, sums + P::size, Scalar(1));
      math::log(P::load(sums)).store(sums);
      for (const Scalar logarithm : sums) losses += static_cast<double>(logarithm);
    }
    if (label < 0) {
      std::fill_n(dx, columns, Scalar(0));
      continue;
    }
    Scalar excess = Scalar(1 - smoothing) * (x[label] - largest);
    if (smoothing != 0)
      for (Index i = 0; i < classes; ++i) excess += spread * (x[i] - largest);
    losses -= static_cast<double>(excess);
    const P factor(scale / sum);
    for (Index i = 0; i < columns; i += P::size) (P::load(dx + i) * factor - offset).store(dx + i);
    dx[label] -= Scalar(1 - smoothing) * scale;
  }
  return losses;
}

}  // namespace tinynet::detail
