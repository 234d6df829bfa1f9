// What the fused training step does with one tile of rows for one net: forward, loss, backward and weight gradients,
// while the tile is in the cache.
#pragma once

#include <algorithm>
#include <array>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/cpu/cancellation.hpp>
#include <tinynet/cpu/fused_weights.hpp>
#include <tinynet/cpu/sparse_kernels.hpp>

namespace tinynet::detail {

/// The losses of a tile: for `rows` rows from `begin` on, y and dy tiles whose rows have padded(outputs) numbers,
/// writes the gradient by y to dy and returns the sum of the losses.
template <class Scalar>
class TileLoss {
 public:
  template <class F>
  explicit TileLoss(const F& f)
      : object_(&f), call_([](const void* object, Index begin, Index rows, const Scalar* y, Scalar* dy) {
          return (*static_cast<const F*>(object))(begin, rows, y, dy);
        }) {}
  double operator()(Index begin, Index rows, const Scalar* y, Scalar* dy) const {
    return call_(object_, begin, rows, y, dy);
  }

 private:
  const void* object_;
  double (*call_)(const void*, Index, Index, const Scalar*, Scalar*);
};

/// The rows of a step and how they are cut into tiles: the same for all nets that are trained on them.
template <class Scalar>
class TiledRows {
 public:
  /// `x` must outlive this.
  explicit TiledRows(const Rows& x)
      : x_(x),
        sparse_(sparse_lists(x)),
        partition_(x.partition()),
        // A dense tile takes about 400 KB in float, which fits a second-level cache.
        tile_rows_(is_sparse() ? SparseRows::tile_rows : std::clamp<Index>(98304 / x.cols() / 8 * 8, 8, 240)) {}

  const Rows& x() const { return x_; }
  const Partition& partition() const { return partition_; }
  /// How many rows a tile has at most, and the numbers that load() may write.
  Index tile_rows() const { return tile_rows_; }
  Index tile_size() const { return is_sparse() ? 0 : tile_rows_ * x_.cols(); }
  Scalar scale() const { return static_cast<Scalar>(x_.scale()); }

  Tiles tiles(Index part) const { return {partition_.begin(part), partition_.end(part), tile_rows_}; }
  /// The rows of a tile, or null if they are taken from lists.
  const Scalar* load(Index begin, Index rows, Scalar* scratch) const {
    return is_sparse() ? nullptr : x_.load(begin, rows, scratch);
  }

  bool is_sparse() const { return sparse_ != nullptr; }
  auto list_of_row(Index row) const { return sparse_->row(x_.row(row)); }
  // Numbered as the rows of the tile.
  auto lists_of_rows(Index begin) const {
    return [this, begin](Index i) {
      auto list = list_of_row(begin + i);
      list.number = i;
      return list;
    };
  }
  // The same for a batch of a shuffled table, whose lists the processor does not see coming.
  auto scattered_lists_of_rows(Index begin) const {
    return [this, lists = lists_of_rows(begin), begin](Index i) {
      constexpr Index ahead = 4;
      if (begin + i + ahead < x_.rows()) list_of_row(begin + i + ahead).prefetch();
      return lists(i);
    };
  }
  /// The number of tile t of a part in the lists by column, or -1: they exist for whole tables, not for selections.
  Index column_tile(Index part, Index t) const {
    return is_sparse() && !x_.is_selection() ? sparse_->first_tile(part) + t : -1;
  }
  auto lists_of_columns(Index tile) const {
    return [all = sparse_, tile](Index i) { return all->column(tile, i); };
  }

 private:
  static const SparseRows* sparse_lists(const Rows& x) {
    const SparseRows* const lists = x.sparse();
    return lists != nullptr && lists->worthwhile() ? lists : nullptr;
  }

  const Rows& x_;
  const SparseRows* sparse_;  // null: the input is dense
  Partition partition_;
  Index tile_rows_;
};

/// A tile of rows, as all nets see it.
template <class Scalar>
struct RowTile {
  Index begin, rows;
  const Scalar* dense;  // null: the rows are taken from lists
  Index column_tile;    // see TiledRows
};

/// One net on one thread.
template <class Scalar>
struct TileWork {
  const TiledRows<Scalar>& table;
  const FusedWeights<Scalar>& weights;
  const TileLoss<Scalar>& loss;
  Scalar* tile;  // x W^T + b, y and dy of every stage

  /// How many numbers `tile` has.
  static Index tile_size(const TiledRows<Scalar>& table, const FusedWeights<Scalar>& weights) {
    return table.tile_rows() * 3 * weights.columns_size();
  }

  const Stage<Scalar>& stage(Index l) const { return weights.stage(l); }

  Scalar* delta(Index l) const { return tile + table.tile_rows() * weights.columns_begin(l); }
  Scalar* before(Index l) const {
    return tile + table.tile_rows() * (weights.columns_size() + weights.columns_begin(l));
  }
  Scalar* y(Index l) const {
    return stage(l).function.keeps_input
               ? tile + table.tile_rows() * (2 * weights.columns_size() + weights.columns_begin(l))
               : before(l);
  }

  /// Adds the tile's gradient to `sum` (or for the first tile puts it there), and to `total` those of the biases and
  /// behind them the loss.
  void run(const RowTile<Scalar>& x, bool first, Scalar* sum, double* total) const {
    const Index rows = x.rows, last = weights.count() - 1;
    forward(0, x, stage(0).in);
    // The units of the first stage that are off in all rows of the tile are the last ones, more or less.
    const Index used = last > 0 ? std::min(stage(0).out, used_columns<Scalar>(rows, stage(0).columns(), first_y())) : 0;
    for (Index l = 1; l <= last; ++l) forward(l, x, l == 1 ? used : stage(l).in);
    total[weights.columns_size()] += loss(x.begin, rows, y(last), delta(last));
    for (Index l = last; l >= 0; --l) {
      const Index columns = stage(l).columns();
      multiply_by_derivative(l, rows);
      add_column_sums<Scalar>(rows, columns, {delta(l), columns}, total + weights.columns_begin(l));
      if (l > 0) {
        weight_gradient(l, rows, l == 1 ? used : stage(l).in, first, sum);
        input_gradient(l, rows);
      } else {
        first_weight_gradient(x, first, sum);
      }
    }
  }

  Tile<const Scalar> first_y() const { return {y(0), stage(0).columns()}; }

  // The first `depth` inputs of stage l are looked at; the others are 0.
  void forward(Index l, const RowTile<Scalar>& x, Index depth) const {
    const Stage<Scalar>& s = stage(l);
    const Index columns = s.columns(), rows = x.rows;
    const Tile<Scalar> out{before(l), columns};
    if (l > 0)
      multiply_tile<Scalar>(rows, columns, {depth}, {y(l - 1), stage(l - 1).columns(), 1}, weights.transposed(l),
                            weights.bias(l), out);
    else if (x.dense != nullptr)
      multiply_tile<Scalar>(rows, columns, {s.in}, {x.dense, s.in, 1}, weights.transposed(l), weights.bias(l), out);
    else if (table.x().is_selection())
      gather_tile<Scalar>(rows, columns, table.scattered_lists_of_rows(x.begin), table.scale(), weights.transposed(l),
                          weights.bias(l), out);
    else
      gather_tile<Scalar>(rows, columns, table.lists_of_rows(x.begin), table.scale(), weights.transposed(l),
                          weights.bias(l), out);
    if (l == 0)
      recompute_cancelled(rows, s.out, columns, out.data, [&](Index r, Index j) {
        return first_sum(x.begin + r, weights.unit(j), x.dense == nullptr ? nullptr : x.dense + r * s.in);
      });
    if (s.function.forward == nullptr) return;
    if (l == 0)  // what was good for that is not for any function
      for (Index r = 0; r < rows; ++r) std::fill(out.at(r, s.out), out.at(r, columns), *out.at(r, 0));
    s.function.forward(s.function.function, rows * columns, out.data, y(l));
  }

  // A sum of the first stage in double.
  double first_sum(Index row, Index unit, const Scalar* dense) const {
    const Stage<Scalar>& s = stage(0);
    const Scalar* const weight = s.weight + unit * s.in;
    const Scalar bias = s.bias == nullptr ? Scalar(0) : s.bias[unit];
    if (dense != nullptr) return exact_sum(dense, weight, s.in, bias);
    auto total = static_cast<double>(bias);
    const auto list = table.list_of_row(row);
    for (Index e = 0; e < list.size; ++e)
      total += static_cast<double>(static_cast<Scalar>(list.value[e]) * table.scale()) *
               static_cast<double>(weight[list.index[e]]);
    return total;
  }

  void multiply_by_derivative(Index l, Index rows) const {
    if (const auto& f = stage(l).function; f.backward != nullptr)
      f.backward(f.function, rows * stage(l).columns(), before(l), y(l), delta(l));
  }

  // dW^T += x^T dy, or = for the first tile of a part; the first `inputs` ones, since the others are 0.
  void weight_gradient(Index l, Index rows, Index inputs, bool first, Scalar* sum) const {
    const Index columns = stage(l).columns();
    const Tile<Scalar> dw{sum + weights.gradient_begin(l), columns};
    if (first) std::fill_n(dw.at(inputs, 0), (stage(l).in - inputs) * columns, Scalar(0));
    multiply_tile<Scalar>(inputs, columns, {rows}, {y(l - 1), 1, stage(l - 1).columns()}, {delta(l), columns},
                          {first ? nullptr : dw.data, columns}, dw);
  }

  // The same for the first stage, by packs of units: those that are off in nearly all rows by the other rows alone.
  void first_weight_gradient(const RowTile<Scalar>& x, bool first, Scalar* sum) const {
    const Stage<Scalar>& s = stage(0);
    const Index rows = x.rows;
    constexpr Index size = Pack<Scalar>::size;
    // Beside other units one more pack costs little with lists, where reading them takes most of the time.
    const Index few = s.function.backward == nullptr ? -1 : x.dense != nullptr ? rows * 3 / 4 : rows / 4;
    const auto gradient = [&](Index from, Index to, TileRows which) {
      const Tile<Scalar> dw{sum + from, s.columns()};
      const Tile<const Scalar> dy{delta(0) + from, s.columns()}, start{first ? nullptr : dw.data, s.columns()};
      if (x.dense != nullptr) {
        multiply_tile<Scalar>(s.in, to - from, which, {x.dense, 1, s.in}, dy, start, dw);
      } else if (which.number == nullptr && x.column_tile >= 0) {
        gather_tile<Scalar>(s.in, to - from, table.lists_of_columns(x.column_tile), table.scale(), dy, start, dw);
      } else {
        if (first)
          for (Index k = 0; k < s.in; ++k) std::fill_n(dw.at(k, 0), to - from, Scalar(0));
        scatter_tile<Scalar>(which, to - from, table.lists_of_rows(x.begin), table.scale(), dy, dw);
      }
    };
    std::array<std::uint8_t, 256> on;
    Index from = 0;
    for (Index column = 0; few >= 0 && column < s.columns(); column += size) {
      const Index count = nonzero_rows<Scalar>(rows, column, {delta(0), s.columns()}, on.data());
      if (count > few) continue;
      if (from < column) gradient(from, column, {rows});
      gradient(column, column + size, {count, on.data()});
      from = column + size;
    }
    if (from < s.columns()) gradient(from, s.columns(), {rows});
  }

  // The gradient by the output of the stage below.
  void input_gradient(Index l, Index rows) const {
    const Index below = stage(l - 1).columns();
    multiply_tile<Scalar>(rows, below, {stage(l).out}, {delta(l), stage(l).columns(), 1}, weights.straight(l),
                          {nullptr, 0}, {delta(l - 1), below});
  }
};

}  // namespace tinynet::detail
