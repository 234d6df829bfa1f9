// A whole training step of a chain of linear layers and elementwise activations in one pass over the rows: for each
// tile of rows forward, loss, backward and weight gradients, while the tile is in the cache. The slow and obvious
// version is the tape. Sizes are run-time numbers here: the loops that take the time do not gain by constant ones, and
// a program with many nets compiles them once.
#pragma once

#include <bit>
#include <optional>
#include <span>
#include <tinynet/core/pool.hpp>
#include <tinynet/cpu/fused_tile.hpp>

namespace tinynet::detail {

/// The training step of a chain of at most most_fused_stages stages.
///
/// A ReLU lets few gradients through, and some units hardly any: on the main job two fifths of the first layer's units
/// are off for all but a few rows. So the units of the first stage are put in the order of how many rows of a sample
/// they are on for, and packs of units that are off in nearly all rows of a tile cost next to nothing on the way back.
/// What is left out are products with exact zeros. The sample is a part of the first part of the rows, whoever has the
/// others.
///
/// Several nets may take their steps together, and read the rows once: each gets the bits that it gets alone.
template <class Scalar>
class FusedStep {
 public:
  explicit FusedStep(std::span<const Stage<Scalar>> stages) : weights_(stages) {}

  /// The sum of the losses of all rows, those of other processes, too; keeps its gradients.
  double run(const Rows& x, const TileLoss<Scalar>& loss) {
    const Run alone{this, loss};
    run_together(x, {&alone, 1});
    return total();
  }

  /// A net's step, and its losses.
  struct Run {
    FusedStep* step;
    TileLoss<Scalar> loss;
  };

  /// The steps of several nets that have as many inputs as x has columns.
  static void run_together(const Rows& x, std::span<const Run> nets) {
    if (nets.empty()) return;
    const TiledRows<Scalar> table(x);
    const Index parts = table.partition().parts();
    // A thread sums a subtree of parts at a time, which keeps the partial sums in its cache.
    const Index groups = std::min<Index>(parts, 16);
    const auto subtree = static_cast<std::size_t>(groups == 0 ? 1 : parts / groups);
    const auto levels = static_cast<Index>(std::bit_width(subtree)) - 1;  // sums alive beside the group's own
    const auto count = static_cast<Index>(nets.size()), threads = static_cast<Index>(num_threads());
    // Where there are fewer groups than threads, these share the nets among them; of few rows each takes nets of its
    // own.
    const bool by_net = groups == 1 && threads > 1;
    const Index at_once =
        by_net ? 1
               : std::clamp<Index>((count * groups + threads - 1) / threads, 1, std::min(count, most_at_once(table)));
    Index tile = 0, numbers = 0, totals = 0;  // what a net needs for a tile, and its partial sums on one thread
    for (const auto& [step, loss] : nets) {
      tile = std::max(tile, TileWork<Scalar>::tile_size(table, step->weights_));
      numbers = std::max(numbers, levels * step->gradient_size());
      totals = std::max(totals, levels * step->totals());
      step->sums_.emplace(std::max<Index>(groups, 1) * step->gradient_size());
      step->sum_totals_.emplace(std::max<Index>(groups, 1) * step->totals());
    }
    const Index scratch_size = tile + at_once * numbers + table.tile_size();
    const Buffer<Scalar> scratch(scratch_size * threads);
    const Buffer<double> scratch_totals(at_once * totals * threads + 1);
    for_each_net(x, nets, [&](const Run& run, int worker) {
      run.step->weights_.load();
      Scalar* const own = scratch.data() + worker * scratch_size;
      if (x.all_rows() >= 16 * table.tile_rows())
        run.step->order_units({table, run.step->weights_, run.loss, own}, own + tile + at_once * numbers);
    });
    const Index bundles = (count + at_once - 1) / at_once;
    const auto work = [&](Index task, int worker) {
      const Index group = task % groups;
      const auto first = static_cast<std::size_t>(task / groups * at_once);
      Scalar* const own = scratch.data() + worker * scratch_size;
      const Bundle bundle{.table = table,
                          .nets = nets.subspan(first, std::min(static_cast<std::size_t>(at_once), nets.size() - first)),
                          .group = group,
                          .numbers = numbers,
                          .totals = totals,
                          .tile = own,
                          .sums = own + tile,
                          .input = own + tile + at_once * numbers,
                          .sum_totals = scratch_totals.data() + worker * at_once * totals};
      bundle.subtree(group * (parts / groups), parts / groups, -1, 0);
    };
    if (by_net)
      parallel_apart(count, work);
    else
      parallel_for(bundles * groups, work);
    for_each_net(x, nets, [&](const Run& run, int) { run.step->finish(groups, x.ranks()); });
  }

  /// The sum of the losses that the last run gave.
  double total() const { return (*sum_totals_)[totals() - 1]; }

  /// Adds `factor` times the gradients of the sum that run() gave to those of the stages.
  void add_gradients(Scalar factor) const {
    for (Index l = 0; l < weights_.count(); ++l)
      weights_.add_gradient(l, factor, sums_->data() + weights_.gradient_begin(l),
                            sum_totals_->data() + weights_.columns_begin(l));
  }

 private:
  // Calls f(net, worker), at the same time for several unless other processes take part.
  template <class F>
  static void for_each_net(const Rows& x, std::span<const Run> nets, const F& f) {
    if (x.ranks() == nullptr)
      parallel_apart(static_cast<Index>(nets.size()),
                     [&](Index k, int worker) { f(nets[static_cast<std::size_t>(k)], worker); });
    else
      for (const Run& run : nets) f(run, 0);
  }

  // How many nets are taken through a tile one after another: a second-level cache holds it meanwhile. Lists that are
  // read in their order come fast enough; with them it is worth more that the cache holds the nets, too.
  static Index most_at_once(const TiledRows<Scalar>& table) {
    return table.is_sparse() && !table.x().is_selection() ? 2 : 8;
  }

  Index totals() const { return weights_.columns_size() + 1; }  // sums in double: the bias gradients and the loss
  Index gradient_size() const { return weights_.gradient_size(); }

  // Some nets on one thread, for one group of parts.
  struct Bundle {
    const TiledRows<Scalar>& table;
    std::span<const Run> nets;
    Index group, numbers, totals;
    Scalar* tile;        // what a net needs for it
    Scalar* sums;        // of each net a partial gradient for each level of the tree
    Scalar* input;       // of a dense tile
    double* sum_totals;  // as sums

    // The sum of net n at a level of the tree; -1 is the group's.
    Scalar* sum(std::size_t n, Index level) const {
      const FusedStep& step = *nets[n].step;
      return level < 0 ? step.sums_->data() + group * step.gradient_size()
                       : sums + static_cast<Index>(n) * numbers + level * step.gradient_size();
    }
    double* total(std::size_t n, Index level) const {
      const FusedStep& step = *nets[n].step;
      return level < 0 ? step.sum_totals_->data() + group * step.totals()
                       : sum_totals + static_cast<Index>(n) * totals + level * step.totals();
    }

    /// The sums over `parts` (a power of two) parts from `first` on, to level `to`; those from `free` on are free.
    void subtree(Index first, Index parts, Index to, Index free) const {
      if (parts == 1) return part(first, to);
      subtree(first, parts / 2, to, free + 1);
      subtree(first + parts / 2, parts / 2, free, free + 1);
      for (std::size_t n = 0; n < nets.size(); ++n) {
        add(nets[n].step->gradient_size(), sum(n, free), sum(n, to));
        add(nets[n].step->totals(), total(n, free), total(n, to));
      }
    }
    template <class Number>
    static void add(Index size, const Number* from, Number* to) {
      for (Index i = 0; i < size; ++i) to[i] += from[i];
    }

    void part(Index number, Index to) const {
      for (std::size_t n = 0; n < nets.size(); ++n) std::fill_n(total(n, to), nets[n].step->totals(), 0.0);
      const Tiles tiles = table.tiles(number);
      for (Index t = 0; t < tiles.count(); ++t) {
        const Index begin = tiles.begin(t), rows = tiles.end(t) - begin;
        const RowTile<Scalar> x{begin, rows, table.load(begin, rows, input), table.column_tile(number, t)};
        for (std::size_t n = 0; n < nets.size(); ++n)
          TileWork<Scalar>{table, nets[n].step->weights_, nets[n].loss, tile}.run(x, t == 0, sum(n, to), total(n, to));
      }
    }
  };

  // Adds up what the groups have given, and the other processes.
  void finish(Index groups, const Ranks* ranks) {
    const Buffer<Scalar>& sums = *sums_;
    const Buffer<double>& sum_totals = *sum_totals_;
    const Index size = gradient_size();
    if (groups > 1)
      parallel_ranges(size, 2048, [&](Index begin, Index end) { tree_sum(sums.data(), groups, size, begin, end); });
    tree_sum(sum_totals.data(), groups, totals(), 0, totals());
    if (groups == 0) {  // another process has all the rows
      std::fill_n(sums.data(), size, Scalar(0));
      std::fill_n(sum_totals.data(), totals(), 0.0);
    }
    if (ranks != nullptr) ranks->sum(span(sums, size), span(sum_totals, totals()));
  }

  template <class Number>
  static std::span<Number> span(const Buffer<Number>& numbers, Index count) {
    return {numbers.data(), static_cast<std::size_t>(count)};
  }

  // Puts the units of the first stage that are on for more of the first rows before the others.
  void order_units(const TileWork<Scalar>& work, Scalar* input) {
    const Stage<Scalar>& first = weights_.stage(0);
    const Index columns = first.columns();
    if (weights_.count() == 1 || first.function.backward == nullptr || columns == Pack<Scalar>::size) return;
    const Rows& x = work.table.x();
    const Buffer<double> on(first.out + 1);  // of the sample's rows, for each unit; behind them how many these are
    std::fill_n(on.data(), first.out + 1, 0.0);
    if (work.table.partition().parts() > 0 && x.first_row() == 0) {
      const Index rows = std::min(work.table.tile_rows(), work.table.partition().end(0));
      work.forward(0, {0, rows, work.table.load(0, rows, input), -1}, first.in);
      Scalar* const derivative = work.delta(0);
      std::fill_n(derivative, rows * columns, Scalar(1));
      work.multiply_by_derivative(0, rows);
      on[first.out] = static_cast<double>(rows);
      for (Index r = 0; r < rows; ++r)
        for (Index j = 0; j < first.out; ++j) on[j] += derivative[r * columns + j] != Scalar(0);
    }
    if (x.ranks() != nullptr) x.ranks()->sum(std::span<double>(), span(on, first.out + 1));
    if (std::any_of(on.data(), on.data() + first.out, [&](double rows) { return rows < on[first.out]; }))
      weights_.order_first_stage(on.data());
  }

  FusedWeights<Scalar> weights_;
  std::optional<Buffer<Scalar>> sums_;        // one of each group; the first is the sum of all
  std::optional<Buffer<double>> sum_totals_;  // likewise
};

}  // namespace tinynet::detail
