// A whole training step of a chain of linear layers and elementwise activations in one pass over the rows: for each
// tile of rows forward, loss, backward and weight gradients, while the tile is in the cache. The slow and obvious
// version is the tape. Sizes are run-time numbers here: the loops that take the time do not gain by constant ones, and
// a program with many nets compiles them once.
#pragma once

#include <bit>
#include <optional>
#include <span>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/pool.hpp>
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

/// The training step of a chain of at most most_fused_stages stages.
///
/// A ReLU lets few gradients through, and some units hardly any: on the main job two fifths of the first layer's units
/// are off for all but a few rows. So the units of the first stage are put in the order of how many rows of a sample
/// they are on for, and packs of units that are off in nearly all rows of a tile cost next to nothing on the way back.
/// What is left out are products with exact zeros. The sample is a part of the first part of the rows, whoever has the
/// others.
template <class Scalar>
class FusedStep {
 public:
  explicit FusedStep(std::span<const Stage<Scalar>> stages) : weights_(stages) {}

  /// The sum of the losses of all rows; keeps its gradients.
  double run(const Rows& x, const TileLoss<Scalar>& loss) {
    const Partition partition(x.rows());
    // A thread sums a subtree of parts at a time, which keeps the partial sums in its cache.
    const Index groups = std::min<Index>(partition.parts(), 16);
    const Index parts = partition.parts() / groups;
    const auto levels =
        static_cast<Index>(std::bit_width(static_cast<std::size_t>(parts))) - 1;  // sums alive beside the group's own
    const SparseRows* const sparse = sparse_lists(x);
    const Index tile_rows = sparse != nullptr ? SparseRows::tile_rows : dense_tile_rows();
    const Index tile_size = tile_rows * (3 * weights_.columns_size() + (sparse != nullptr ? 0 : weights_.stage(0).in));
    const Index size = weights_.gradient_size(), scratch_size = tile_size + levels * size;
    Buffer<Scalar> scratch(scratch_size * num_threads());
    Buffer<double> scratch_totals(levels * totals() * num_threads() + 1);
    const Buffer<Scalar>& sums = sums_.emplace(groups * size);
    const Buffer<double>& sum_totals = sum_totals_.emplace(groups * totals());
    const auto work = [&](int worker) {
      Scalar* const own = scratch.data() + worker * scratch_size;
      return Work{.weights = weights_,
                  .x = x,
                  .sparse = sparse,
                  .partition = partition,
                  .loss = loss,
                  .tile_rows = tile_rows,
                  .tile = own,
                  .level_sums = own + tile_size,
                  .level_totals = scratch_totals.data() + worker * levels * totals()};
    };
    if (x.rows() >= 16 * tile_rows) order_units(work(0));
    parallel_for(groups, [&](Index group, int worker) {
      work(worker).subtree(group * parts, parts, sums.data() + group * size, sum_totals.data() + group * totals(), 0);
    });
    if (groups > 1)
      parallel_ranges(size, 2048, [&](Index begin, Index end) { tree_sum(sums.data(), groups, size, begin, end); });
    tree_sum(sum_totals.data(), groups, totals(), 0, totals());
    return sum_totals[totals() - 1];
  }

  /// Adds `factor` times the gradients of the sum that run() gave to those of the stages.
  void add_gradients(Scalar factor) const {
    for (Index l = 0; l < weights_.count(); ++l)
      weights_.add_gradient(l, factor, sums_->data() + weights_.gradient_begin(l),
                            sum_totals_->data() + weights_.columns_begin(l));
  }

 private:
  Index totals() const { return weights_.columns_size() + 1; }  // sums in double: the bias gradients and the loss

  // A dense tile's input takes about 400 KB in float, which fits a second-level cache.
  Index dense_tile_rows() const { return std::clamp<Index>(98304 / weights_.stage(0).in / 8 * 8, 8, 240); }

  static const SparseRows* sparse_lists(const Rows& x) {
    const SparseRows* const lists = x.sparse();
    return lists != nullptr && lists->worthwhile() ? lists : nullptr;
  }

  // What one thread works with.
  struct Work {
    const FusedWeights<Scalar>& weights;
    const Rows& x;
    const SparseRows* sparse;  // null: the input is dense
    const Partition& partition;
    const TileLoss<Scalar>& loss;
    Index tile_rows;
    Scalar* tile;        // x W^T + b, y and dy of every stage, then the input if it is dense
    Scalar* level_sums;  // a partial gradient for each level of the tree
    double* level_totals;

    const Stage<Scalar>& stage(Index l) const { return weights.stage(l); }
    Index totals() const { return weights.columns_size() + 1; }
    Scalar scale() const { return static_cast<Scalar>(x.scale()); }

    Scalar* delta(Index l) const { return tile + tile_rows * weights.columns_begin(l); }
    Scalar* before(Index l) const { return tile + tile_rows * (weights.columns_size() + weights.columns_begin(l)); }
    Scalar* y(Index l) const {
      return stage(l).function.keeps_input ? tile + tile_rows * (2 * weights.columns_size() + weights.columns_begin(l))
                                           : before(l);
    }
    Scalar* input() const { return tile + tile_rows * 3 * weights.columns_size(); }

    /// The sums over `parts` (a power of two) parts from `first` on.
    void subtree(Index first, Index parts, Scalar* sum, double* total, Index level) const {
      if (parts == 1) return part(first, sum, total);
      const Index size = weights.gradient_size();
      subtree(first, parts / 2, sum, total, level + 1);
      Scalar* const other = level_sums + level * size;
      double* const other_total = level_totals + level * totals();
      subtree(first + parts / 2, parts / 2, other, other_total, level + 1);
      for (Index i = 0; i < size; ++i) sum[i] += other[i];
      for (Index i = 0; i < totals(); ++i) total[i] += other_total[i];
    }

    void part(Index number, Scalar* sum, double* total) const {
      std::fill_n(total, totals(), 0.0);
      const Tiles tiles(partition.begin(number), partition.end(number), tile_rows);
      for (Index t = 0; t < tiles.count(); ++t) {
        const Index begin = tiles.begin(t), rows = tiles.end(t) - begin, last = weights.count() - 1;
        const Scalar* const dense = load(begin, rows);
        forward(0, begin, rows, stage(0).in, dense);
        // The units of the first stage that are off in all rows of the tile are the last ones, more or less.
        const Index used =
            last > 0 ? std::min(stage(0).out, used_columns<Scalar>(rows, stage(0).columns(), first_y())) : 0;
        for (Index l = 1; l <= last; ++l) forward(l, begin, rows, l == 1 ? used : stage(l).in, dense);
        total[totals() - 1] += loss(begin, rows, y(last), delta(last));
        for (Index l = last; l >= 0; --l) {
          const Index columns = stage(l).columns();
          multiply_by_derivative(l, rows);
          add_column_sums<Scalar>(rows, columns, {delta(l), columns}, total + weights.columns_begin(l));
          if (l > 0) {
            weight_gradient(l, rows, l == 1 ? used : stage(l).in, t == 0, sum);
            input_gradient(l, rows);
          } else {
            first_weight_gradient(begin, rows, dense, step_tile(number, t), t == 0, sum);
          }
        }
      }
    }

    // The rows of a tile if they are not taken from lists.
    const Scalar* load(Index begin, Index rows) const {
      return sparse != nullptr ? nullptr : x.load(begin, rows, input());
    }

    // The tile's number in the lists by column, which exist for whole tables, not for selections of rows.
    Index step_tile(Index number, Index t) const { return x.is_selection() ? -1 : sparse_tile(number) + t; }
    Index sparse_tile(Index number) const { return sparse != nullptr ? sparse->first_tile(number) : 0; }

    // Numbered as the rows of the tile.
    auto lists_of_rows(Index begin) const {
      return [lists = sparse, rows = &x, begin](Index i) {
        auto list = lists->row(rows->row(begin + i));
        list.number = i;
        return list;
      };
    }

    // The same for a batch of a shuffled table, whose lists the processor does not see coming.
    auto scattered_lists_of_rows(Index begin) const {
      return [lists = lists_of_rows(begin), all = sparse, rows = &x, begin](Index i) {
        constexpr Index ahead = 4;
        if (begin + i + ahead < rows->rows()) all->row(rows->row(begin + i + ahead)).prefetch();
        return lists(i);
      };
    }

    Tile<const Scalar> first_y() const { return {y(0), stage(0).columns()}; }

    // The first `depth` inputs of stage l are looked at; the others are 0.
    void forward(Index l, Index begin, Index rows, Index depth, const Scalar* dense) const {
      const Stage<Scalar>& s = stage(l);
      const Index columns = s.columns();
      const Tile<Scalar> out{before(l), columns};
      if (l > 0)
        multiply_tile<Scalar>(rows, columns, {depth}, {y(l - 1), stage(l - 1).columns(), 1}, weights.transposed(l),
                              weights.bias(l), out);
      else if (dense != nullptr)
        multiply_tile<Scalar>(rows, columns, {s.in}, {dense, s.in, 1}, weights.transposed(l), weights.bias(l), out);
      else if (x.is_selection())
        gather_tile<Scalar>(rows, columns, scattered_lists_of_rows(begin), scale(), weights.transposed(l),
                            weights.bias(l), out);
      else
        gather_tile<Scalar>(rows, columns, lists_of_rows(begin), scale(), weights.transposed(l), weights.bias(l), out);
      if (l == 0)
        recompute_cancelled(rows, s.out, columns, out.data, [&](Index r, Index j) {
          return first_sum(begin + r, weights.unit(j), dense == nullptr ? nullptr : dense + r * s.in);
        });
      if (s.function.forward != nullptr) s.function.forward(s.function.function, rows * columns, out.data, y(l));
    }

    // A sum of the first stage in double.
    double first_sum(Index row, Index unit, const Scalar* dense) const {
      const Stage<Scalar>& s = stage(0);
      const Scalar* const weight = s.weight + unit * s.in;
      const Scalar bias = s.bias == nullptr ? Scalar(0) : s.bias[unit];
      if (sparse == nullptr) return exact_sum(dense, weight, s.in, bias);
      auto total = static_cast<double>(bias);
      const auto list = sparse->row(x.row(row));
      for (Index e = 0; e < list.size; ++e)
        total += static_cast<double>(static_cast<Scalar>(list.value[e]) * scale()) *
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
    void first_weight_gradient(Index begin, Index rows, const Scalar* dense, Index tile_number, bool first,
                               Scalar* sum) const {
      const Stage<Scalar>& s = stage(0);
      constexpr Index size = Pack<Scalar>::size;
      // Beside other units one more pack costs little with lists, where reading them takes most of the time.
      const Index few = s.function.backward == nullptr ? -1 : dense != nullptr ? rows * 3 / 4 : rows / 4;
      const auto lists = [all = sparse, tile_number](Index i) { return all->column(tile_number, i); };
      const auto gradient = [&](Index from, Index to, TileRows which) {
        const Tile<Scalar> dw{sum + from, s.columns()};
        const Tile<const Scalar> dy{delta(0) + from, s.columns()}, start{first ? nullptr : dw.data, s.columns()};
        if (dense != nullptr) {
          multiply_tile<Scalar>(s.in, to - from, which, {dense, 1, x.cols()}, dy, start, dw);
        } else if (which.number == nullptr && tile_number >= 0) {
          gather_tile<Scalar>(s.in, to - from, lists, scale(), dy, start, dw);
        } else {
          if (first)
            for (Index k = 0; k < s.in; ++k) std::fill_n(dw.at(k, 0), to - from, Scalar(0));
          scatter_tile<Scalar>(which, to - from, lists_of_rows(begin), scale(), dy, dw);
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

  // Puts the units of the first stage that are on for more of the first rows before the others.
  void order_units(const Work& work) {
    const Stage<Scalar>& first = weights_.stage(0);
    const Index columns = first.columns(), rows = std::min(work.tile_rows, work.partition.end(0));
    if (weights_.count() == 1 || first.function.backward == nullptr || columns == Pack<Scalar>::size) return;
    work.forward(0, 0, rows, first.in, work.load(0, rows));
    Scalar* const derivative = work.delta(0);
    std::fill_n(derivative, rows * columns, Scalar(1));
    work.multiply_by_derivative(0, rows);
    Buffer<Index> on(first.out);
    std::fill_n(on.data(), first.out, Index{0});
    for (Index r = 0; r < rows; ++r)
      for (Index j = 0; j < first.out; ++j) on[j] += derivative[r * columns + j] != Scalar(0);
    if (std::any_of(on.data(), on.data() + first.out, [rows](Index n) { return n < rows; }))
      weights_.order_first_stage(on.data());
  }

  FusedWeights<Scalar> weights_;
  std::optional<Buffer<Scalar>> sums_;        // one of each group; the first is the sum of all
  std::optional<Buffer<double>> sum_totals_;  // likewise
};

}  // namespace tinynet::detail
