// A whole training step of a chain of linear layers and elementwise activations in one pass over the rows: for each
// tile of rows forward, loss, backward and weight gradients, while the tile is in the cache. The slow and obvious
// version is the tape. Sizes are run-time numbers here: the loops that take the time do not gain by constant ones, and
// a program with many nets compiles them once.
#pragma once

#include <bit>
#include <span>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/core/sparse_rows.hpp>
#include <tinynet/cpu/cancellation.hpp>
#include <tinynet/cpu/kernels.hpp>
#include <tinynet/cpu/transform.hpp>

namespace tinynet::detail {

/// An elementwise function applied to whole tiles. `forward` turns x into y = f(x) (in the same place if keeps_input is
/// false), `backward` multiplies dy by f'(x, y). Without functions it is the identity.
template <class Scalar>
struct TileFunction {
  const void* function = nullptr;
  void (*forward)(const void* function, Index count, const Scalar* x, Scalar* y) = nullptr;
  void (*backward)(const void* function, Index count, const Scalar* x, const Scalar* y, Scalar* dy) = nullptr;
  bool keeps_input = false;

  TileFunction() = default;

  /// `f` must outlive this.
  template <class F>
  explicit TileFunction(const F& f) : function(&f), keeps_input(!derivative_from_output<F>) {
    using P = Pack<Scalar>;  // counts are multiples of its size
    forward = [](const void* g, Index count, const Scalar* x, Scalar* y) {
      for (Index i = 0; i < count; i += P::size) (*static_cast<const F*>(g))(P::load(x + i)).store(y + i);
    };
    backward = [](const void* g, Index count, const Scalar* x, const Scalar* y, Scalar* dy) {
      for (Index i = 0; i < count; i += P::size)
        (P::load(dy + i) * static_cast<const F*>(g)->derivative(P::load(x + i), P::load(y + i))).store(dy + i);
    };
  }
};

/// y = f(x W^T + b): W [out, in] row-major and b [out] or null, where the net keeps them, and where their gradients go.
template <class Scalar>
struct Stage {
  Index in, out;
  const Scalar* weight;
  const Scalar* bias;
  TileFunction<Scalar> function;
  Scalar* weight_gradient = nullptr;
  Scalar* bias_gradient = nullptr;

  Index columns() const { return padded<Scalar>(out); }  // of a tile, and of W^T
};

inline constexpr Index most_fused_stages = 16;

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
template <class Scalar>
class FusedStep {
  using Stages = std::span<const Stage<Scalar>>;

  // Where each stage's piece of an array begins, and the array's size behind the last.
  struct Offsets {
    std::array<Index, most_fused_stages + 1> begin{};
    Index total = 0;
    Index operator[](Index stage) const { return begin[static_cast<std::size_t>(stage)]; }
  };
  template <class Size>
  static Offsets offsets(Stages stages, const Size& size) {
    Offsets o;
    for (std::size_t l = 0; l < stages.size(); ++l) {
      o.begin[l] = o.total;
      o.total += size(stages[l]);
    }
    return o;
  }

 public:
  explicit FusedStep(Stages stages)
      : stages_(stages),
        transposed_(offsets(stages, [](const auto& s) { return s.in * s.columns(); })),
        straight_(offsets(stages, [](const auto& s) { return s.out * padded<Scalar>(s.in); })),
        columns_(offsets(stages, [](const auto& s) { return s.columns(); })),
        weights_(transposed_.total),
        straight_weights_(straight_.total),
        biases_(columns_.total) {
    for (Index l = 0; l < count(); ++l) pack_weights(l);
  }

  /// The sum of the losses of all rows. Writes the gradients to where the stages say.
  double run(const Rows& x, const TileLoss<Scalar>& loss) {
    const Partition partition(x.rows());
    // A thread sums a subtree of parts at a time, which keeps the partial sums in its cache.
    const Index groups = std::min<Index>(partition.parts(), 16);
    const Index parts = partition.parts() / groups;
    const auto levels =
        static_cast<Index>(std::bit_width(static_cast<std::size_t>(parts))) - 1;  // sums alive beside the group's own
    const SparseRows* const sparse = sparse_lists(x);
    const Index tile_rows = sparse != nullptr ? SparseRows::tile_rows : dense_tile_rows();
    const Index tile_size = tile_rows * (3 * columns_.total + (sparse != nullptr ? 0 : stages_[0].in));
    const Index scratch_size = tile_size + levels * transposed_.total;
    const ByteTable<Scalar> table = make_byte_table<Scalar>(x.scale());
    Buffer<Scalar> scratch(scratch_size * num_threads());
    Buffer<double> scratch_totals(levels * totals() * num_threads() + 1);
    Buffer<Scalar> sums(groups * transposed_.total);
    Buffer<double> sum_totals(groups * totals());
    parallel_for(groups, [&](Index group, int worker) {
      Scalar* const own = scratch.data() + worker * scratch_size;
      const Work work{.step = *this,
                      .x = x,
                      .sparse = sparse,
                      .partition = partition,
                      .loss = loss,
                      .table = table,
                      .tile_rows = tile_rows,
                      .tile = own,
                      .level_sums = own + tile_size,
                      .level_totals = scratch_totals.data() + worker * levels * totals()};
      work.subtree(group * parts, parts, sums.data() + group * transposed_.total, sum_totals.data() + group * totals(),
                   0);
    });
    constexpr Index grain = 2048;
    if (groups > 1)
      parallel_for((transposed_.total + grain - 1) / grain, [&](Index chunk, int) {
        const Index begin = chunk * grain;
        tree_sum(sums.data(), groups, transposed_.total, begin, std::min(transposed_.total, begin + grain));
      });
    tree_sum(sum_totals.data(), groups, totals(), 0, totals());
    for (Index l = 0; l < count(); ++l)
      unpack_gradients(l, sums.data() + transposed_[l], sum_totals.data() + columns_[l]);
    return sum_totals[totals() - 1];
  }

 private:
  const Stage<Scalar>& stage(Index l) const { return stages_[static_cast<std::size_t>(l)]; }
  Index count() const { return static_cast<Index>(stages_.size()); }
  Index totals() const { return columns_.total + 1; }  // sums kept in double: the bias gradients and the loss

  // A dense tile's input takes about 400 KB in float, which fits a second-level cache.
  Index dense_tile_rows() const { return std::clamp<Index>(98304 / stages_[0].in / 8 * 8, 8, 240); }

  static const SparseRows* sparse_lists(const Rows& x) {
    const SparseRows* const lists = x.sparse();
    return lists != nullptr && lists->density() < 0.5 ? lists : nullptr;
  }

  // W^T [in, columns] for the way forward (and the layout of the gradient), W [out, padded in] for the way back.
  void pack_weights(Index l) {
    const Stage<Scalar>& s = stage(l);
    const Index columns = s.columns(), width = padded<Scalar>(s.in);
    Scalar *const wt = weights_.data() + transposed_[l], *const b = biases_.data() + columns_[l];
    Scalar* const w = straight_weights_.data() + straight_[l];
    for (Index k = 0; k < s.in; ++k)
      for (Index j = 0; j < columns; ++j) wt[k * columns + j] = j < s.out ? s.weight[j * s.in + k] : Scalar(0);
    for (Index j = 0; j < columns; ++j)  // the padding is 1, not 0: see recompute_cancelled
      b[j] = j >= s.out ? Scalar(1) : s.bias != nullptr ? s.bias[j] : Scalar(0);
    if (l == 0) return;
    for (Index j = 0; j < s.out; ++j) {
      std::copy_n(s.weight + j * s.in, s.in, w + j * width);
      std::fill_n(w + j * width + s.in, width - s.in, Scalar(0));
    }
  }

  void unpack_gradients(Index l, const Scalar* weight_gradient, const double* bias_gradient) const {
    const Stage<Scalar>& s = stage(l);
    const Index columns = s.columns();
    for (Index j = 0; j < s.out; ++j)
      for (Index k = 0; k < s.in; ++k) s.weight_gradient[j * s.in + k] = weight_gradient[k * columns + j];
    if (s.bias_gradient != nullptr)
      for (Index j = 0; j < s.out; ++j) s.bias_gradient[j] = static_cast<Scalar>(bias_gradient[j]);
  }

  // What one thread works with.
  struct Work {
    const FusedStep& step;
    const Rows& x;
    const SparseRows* sparse;  // null: the input is dense
    const Partition& partition;
    const TileLoss<Scalar>& loss;
    const ByteTable<Scalar>& table;
    Index tile_rows;
    Scalar* tile;        // x W^T + b, y and dy of every stage, then the input if it is dense
    Scalar* level_sums;  // a partial gradient for each level of the tree
    double* level_totals;

    Scalar* delta(Index l) const { return tile + tile_rows * step.columns_[l]; }
    Scalar* before(Index l) const { return tile + tile_rows * (step.columns_.total + step.columns_[l]); }
    Scalar* y(Index l) const {
      return step.stage(l).function.keeps_input ? tile + tile_rows * (2 * step.columns_.total + step.columns_[l])
                                                : before(l);
    }
    Scalar* input() const { return tile + tile_rows * 3 * step.columns_.total; }

    /// The sums over `parts` (a power of two) parts from `first` on.
    void subtree(Index first, Index parts, Scalar* sum, double* total, Index level) const {
      if (parts == 1) return part(first, sum, total);
      subtree(first, parts / 2, sum, total, level + 1);
      Scalar* const other = level_sums + level * step.transposed_.total;
      double* const other_total = level_totals + level * step.totals();
      subtree(first + parts / 2, parts / 2, other, other_total, level + 1);
      for (Index i = 0; i < step.transposed_.total; ++i) sum[i] += other[i];
      for (Index i = 0; i < step.totals(); ++i) total[i] += other_total[i];
    }

    void part(Index number, Scalar* sum, double* total) const {
      std::fill_n(total, step.totals(), 0.0);
      const Tiles tiles(partition.begin(number), partition.end(number), tile_rows);
      for (Index t = 0; t < tiles.count(); ++t) {
        const Index begin = tiles.begin(t), rows = tiles.end(t) - begin;
        const Scalar* const dense = sparse != nullptr ? nullptr : x.load(begin, rows, input());
        for (Index l = 0; l < step.count(); ++l) forward(l, begin, rows, dense);
        const Index last = step.count() - 1;
        total[step.totals() - 1] += loss(begin, rows, y(last), delta(last));
        for (Index l = last; l >= 0; --l) {
          const Index columns = step.stage(l).columns();
          if (const auto& f = step.stage(l).function; f.backward != nullptr)
            f.backward(f.function, rows * columns, before(l), y(l), delta(l));
          add_column_sums<Scalar>(rows, columns, {delta(l), columns}, total + step.columns_[l]);
          if (l > 0) {
            weight_gradient(l, rows, Strided<Scalar>{y(l - 1), 1, step.stage(l - 1).columns()}, t == 0, sum);
            input_gradient(l, rows);
          } else if (dense != nullptr) {
            weight_gradient(0, rows, Strided<Scalar>{dense, 1, x.cols()}, t == 0, sum);
          } else {
            sparse_weight_gradient(begin, rows, step_tile(number, t), t == 0, sum);
          }
        }
      }
    }

    // The tile's number in the lists by column, which exist for whole tables, not for selections of rows.
    Index step_tile(Index number, Index t) const { return x.is_selection() ? -1 : sparse->first_tile(number) + t; }

    auto lists_of_rows(Index begin) const {
      return [this, begin](Index i) { return sparse->row(x.row(begin + i)); };
    }

    void forward(Index l, Index begin, Index rows, const Scalar* dense) const {
      const Stage<Scalar>& s = step.stage(l);
      const Index columns = s.columns();
      const Tile<const Scalar> weight{step.weights_.data() + step.transposed_[l], columns};
      const Tile<const Scalar> bias{step.biases_.data() + step.columns_[l], 0};
      const Tile<Scalar> out{before(l), columns};
      if (l > 0)
        multiply_tile<Scalar>(rows, columns, s.in, {y(l - 1), step.stage(l - 1).columns(), 1}, weight, bias, out);
      else if (dense != nullptr)
        multiply_tile<Scalar>(rows, columns, s.in, {dense, s.in, 1}, weight, bias, out);
      else
        gather_tile<Scalar>(rows, columns, lists_of_rows(begin), table, weight, bias, out);
      if (l == 0)
        recompute_cancelled(rows, s.out, columns, out.data, [&](Index r, Index j) {
          return first_sum(begin + r, j, dense == nullptr ? nullptr : dense + r * s.in);
        });
      if (s.function.forward != nullptr) s.function.forward(s.function.function, rows * columns, out.data, y(l));
    }

    // A sum of the first stage in double.
    double first_sum(Index row, Index j, const Scalar* dense) const {
      const Stage<Scalar>& s = step.stage(0);
      const Scalar* const weight = s.weight + j * s.in;
      double total = s.bias == nullptr ? 0 : static_cast<double>(s.bias[j]);
      if (sparse == nullptr)
        for (Index k = 0; k < s.in; ++k) total += static_cast<double>(dense[k]) * static_cast<double>(weight[k]);
      else
        for (const auto entry : sparse->row(x.row(row)))
          total += static_cast<double>(table[entry & 0xFF]) * static_cast<double>(weight[entry >> 8]);
      return total;
    }

    // dW^T += x^T dy, or = for the first tile of a part.
    void weight_gradient(Index l, Index rows, const Strided<Scalar>& inputs, bool first, Scalar* sum) const {
      const Stage<Scalar>& s = step.stage(l);
      const Tile<Scalar> dw{sum + step.transposed_[l], s.columns()};
      multiply_tile<Scalar>(s.in, s.columns(), rows, inputs, {delta(l), s.columns()},
                            {first ? nullptr : dw.data, dw.stride}, dw);
    }

    void sparse_weight_gradient(Index begin, Index rows, Index tile_number, bool first, Scalar* sum) const {
      const Stage<Scalar>& s = step.stage(0);
      const Tile<Scalar> dw{sum, s.columns()};
      const Tile<const Scalar> dy{delta(0), s.columns()};
      if (tile_number >= 0) {
        const auto lists = [&](Index k) { return sparse->column(tile_number, k); };
        gather_tile<Scalar>(s.in, s.columns(), lists, table, dy, {first ? nullptr : dw.data, dw.stride}, dw);
      } else {
        if (first) std::fill_n(sum, s.in * s.columns(), Scalar(0));
        scatter_tile<Scalar>(rows, s.columns(), lists_of_rows(begin), table, dy, dw);
      }
    }

    // The gradient by the output of the stage below.
    void input_gradient(Index l, Index rows) const {
      const Stage<Scalar>& s = step.stage(l);
      const Index below = step.stage(l - 1).columns();
      multiply_tile<Scalar>(rows, below, s.out, {delta(l), s.columns(), 1},
                            {step.straight_weights_.data() + step.straight_[l], below}, {nullptr, 0},
                            {delta(l - 1), below});
    }
  };

  Stages stages_;
  Offsets transposed_, straight_, columns_;
  Buffer<Scalar> weights_, straight_weights_, biases_;
};

}  // namespace tinynet::detail
