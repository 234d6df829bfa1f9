// A whole training step of a chain of linear layers and elementwise activations in one pass over the rows: for each
// tile of rows forward, loss, backward and weight gradients, while the tile is in the cache. Generated from the types
// of the layers. The slow and obvious version is the tape.
#pragma once

#include <tinynet/core/partition.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/core/sparse_rows.hpp>
#include <tinynet/cpu/kernels.hpp>
#include <tinynet/cpu/reduce.hpp>
#include <tuple>

namespace tinynet::detail {

/// No activation.
struct Identity {
  template <class T>
  T operator()(T x) const {
    return x;
  }
  template <class T>
  T derivative(T, T) const {
    return T(1);
  }
};

/// y = f(x W^T + b): W [Out, In] row-major, b [Out] or null, where the net keeps them.
template <class Scalar_, Index In_, Index Out_, class Function_>
struct Stage {
  using Scalar = Scalar_;
  using Function = Function_;
  static constexpr Index In = In_, Out = Out_;
  static constexpr Index columns = padded<Scalar>(Out);  // of a tile, and of W^T

  const Scalar* weight;
  const Scalar* bias;
  Function function;
};

/// Where the pieces of all stages lie in one array: for stage l, `size(l)` numbers from `begin(l)`.
template <Index Count>
struct Offsets {
  std::array<Index, Count + 1> begin{};
  constexpr Index total() const { return begin[Count]; }
};

/// The training step of a chain. `Loss` is called as loss(row, y, dy), y and dy rows of padded(outputs) numbers: it
/// returns the row's loss and writes its gradient by y to dy.
template <class Scalar, class... Stages>
class FusedStep {
  using P = Pack<Scalar>;
  template <Index L>
  using StageAt = std::tuple_element_t<static_cast<std::size_t>(L), std::tuple<Stages...>>;
  static constexpr Index count = sizeof...(Stages);

  template <class Size>
  static constexpr Offsets<count> offsets(Size size) {
    Offsets<count> o;
    [&]<Index... L>(std::integer_sequence<Index, L...>) {
      ((o.begin[L + 1] = o.begin[L] + size(std::integral_constant<Index, L>{})), ...);
    }
    (std::make_integer_sequence<Index, count>{});
    return o;
  }

  // W^T of each stage, [In, columns], also the layout of its gradient; W itself [Out, padded In] of all but the first,
  // for the way back; biases; the gradients of the flat parameters.
  static constexpr auto transposed = offsets([](auto l) { return StageAt<l>::In * StageAt<l>::columns; });
  static constexpr auto straight =
      offsets([](auto l) { return l == 0 ? Index{0} : StageAt<l>::Out * padded<Scalar>(StageAt<l>::In); });
  static constexpr auto biases = offsets([](auto l) { return StageAt<l>::columns; });
  static constexpr Index totals = biases.total() + 1;  // sums kept in double: bias gradients and the loss

 public:
  static constexpr Index Inputs = StageAt<0>::In;
  static constexpr Index FirstOutputs = StageAt<0>::Out;
  static constexpr Index Outputs = StageAt<count - 1>::Out;

  explicit FusedStep(const std::tuple<Stages...>& stages)
      : stages_(stages), weights_(transposed.total()), straight_(straight.total() + 1), biases_(biases.total()) {
    for_each_stage([&](auto l) {
      using S = StageAt<l>;
      const S& stage = std::get<l>(stages_);
      Scalar* const wt = weights_.data() + transposed.begin[l];
      for (Index k = 0; k < S::In; ++k)
        for (Index j = 0; j < S::columns; ++j) wt[k * S::columns + j] = j < S::Out ? stage.weight[j * S::In + k] : 0;
      Scalar* const b = biases_.data() + biases.begin[l];
      for (Index j = 0; j < S::columns; ++j) b[j] = j < S::Out && stage.bias != nullptr ? stage.bias[j] : 0;
      if constexpr (l > 0) {
        constexpr Index columns = padded<Scalar>(S::In);
        Scalar* const w = straight_.data() + straight.begin[l];
        for (Index j = 0; j < S::Out; ++j)
          for (Index k = 0; k < columns; ++k) w[j * columns + k] = k < S::In ? stage.weight[j * S::In + k] : 0;
      }
    });
  }

  /// The sum of the losses of all rows. Writes the gradient by each stage's weight and bias to `weight_gradient[l]` and
  /// `bias_gradient[l]` (in the parameters' own layout).
  template <class Loss>
  double run(const Rows& x, const Loss& loss, const std::array<Scalar*, count>& weight_gradient,
             const std::array<Scalar*, count>& bias_gradient) {
    const Partition partition(x.rows());
    // A thread sums a subtree of parts at a time, which keeps the partial sums in its cache.
    const Index groups = std::min<Index>(partition.parts(), 16);
    const Index parts_a_group = partition.parts() / groups;
    const Index levels = std::bit_width(static_cast<std::size_t>(parts_a_group));  // sums alive at a time
    const SparseRows* const sparse = sparse_lists(x);
    const Index tile_rows = sparse ? SparseRows::tile_rows : dense_tile_rows;
    const Index tile_size = tile_rows * (2 * biases.total() + (sparse ? 0 : Inputs));
    const Index scratch_size = tile_size + (levels - 1) * transposed.total();
    Buffer<Scalar> scratch(scratch_size * num_threads());
    Buffer<double> scratch_totals((levels - 1) * totals * num_threads() + 1);
    Buffer<Scalar> sums(groups * transposed.total());
    Buffer<double> sum_totals(groups * totals);
    const ByteTable<Scalar> table = make_byte_table<Scalar>(x.scale());
    parallel_for(groups, [&](Index group, int worker) {
      Scalar* const own = scratch.data() + worker * scratch_size;
      const Work<Loss> work{.step = *this,
                            .x = x,
                            .sparse = sparse,
                            .partition = partition,
                            .loss = loss,
                            .table = table,
                            .tile_rows = tile_rows,
                            .tile = own,
                            .level_sums = own + tile_size,
                            .level_totals = scratch_totals.data() + worker * (levels - 1) * totals};
      work.subtree(group * parts_a_group, parts_a_group, sums.data() + group * transposed.total(),
                   sum_totals.data() + group * totals);
    });
    constexpr Index grain = 2048;
    if (groups > 1)
      parallel_for((transposed.total() + grain - 1) / grain, [&](Index chunk, int) {
        tree_sum(sums.data(), groups, transposed.total(), chunk * grain,
                 std::min(transposed.total(), (chunk + 1) * grain));
      });
    tree_sum(sum_totals.data(), groups, totals, 0, totals);
    for_each_stage([&](auto l) {
      using S = StageAt<l>;
      const Scalar* const g = sums.data() + transposed.begin[l];
      for (Index k = 0; k < S::In; ++k)
        for (Index j = 0; j < S::Out; ++j) weight_gradient[l][j * S::In + k] = g[k * S::columns + j];
      if (bias_gradient[l] != nullptr)
        for (Index j = 0; j < S::Out; ++j) bias_gradient[l][j] = static_cast<Scalar>(sum_totals[biases.begin[l] + j]);
    });
    return sum_totals[totals - 1];
  }

 private:
  // A dense tile's input takes about 400 KB in float, which fits a second-level cache.
  static constexpr Index dense_tile_rows = std::clamp<Index>(98304 / Inputs / 8 * 8, 8, 240);

  template <class F>
  static void for_each_stage(const F& f) {
    unrolled<count>(f);
  }

  static const SparseRows* sparse_lists(const Rows& x) {
    const SparseRows* const lists = x.sparse();
    return lists != nullptr && lists->density() < 0.5 ? lists : nullptr;
  }

  // What one thread works with.
  template <class Loss>
  struct Work {
    const FusedStep& step;
    const Rows& x;
    const SparseRows* sparse;
    const Partition& partition;
    const Loss& loss;
    const ByteTable<Scalar>& table;
    Index tile_rows;
    Scalar* tile;        // y and delta of every stage, then the input where it is dense
    Scalar* level_sums;  // a partial gradient for each level of the tree
    double* level_totals;

    Scalar* y(Index l) const { return tile + tile_rows * biases.begin[at(l)]; }
    Scalar* delta(Index l) const { return tile + tile_rows * (biases.total() + biases.begin[at(l)]); }
    Scalar* input() const { return tile + tile_rows * 2 * biases.total(); }
    static std::size_t at(Index l) { return static_cast<std::size_t>(l); }

    /// The sums over `parts` (a power of two) parts from `first` on.
    void subtree(Index first, Index parts, Scalar* sum, double* total, Index level = 0) const {
      if (parts == 1) return part(first, sum, total);
      subtree(first, parts / 2, sum, total, level + 1);
      Scalar* const other = level_sums + level * transposed.total();
      double* const other_total = level_totals + level * totals;
      subtree(first + parts / 2, parts / 2, other, other_total, level + 1);
      for (Index i = 0; i < transposed.total(); ++i) sum[i] += other[i];
      for (Index i = 0; i < totals; ++i) total[i] += other_total[i];
    }

    void part(Index number, Scalar* sum, double* total) const {
      std::fill_n(total, totals, 0.0);
      const Tiles tiles(partition.begin(number), partition.end(number), tile_rows);
      const bool scatters = sparse != nullptr && x.is_selection();
      if (scatters) std::fill_n(sum, StageAt<0>::In * StageAt<0>::columns, Scalar(0));
      for (Index t = 0; t < tiles.count(); ++t) {
        const Index begin = tiles.begin(t), rows = tiles.end(t) - begin;
        const Scalar* const dense = sparse ? nullptr : x.load(begin, rows, input());
        forward<0>(begin, rows, dense);
        total[totals - 1] += losses(begin, rows);
        backward<count - 1>(begin, rows, dense, t == 0, sum, total,
                            sparse && !scatters ? sparse->first_tile(number) + t : -1);
      }
    }

    template <Index L>
    void forward(Index begin, Index rows, const Scalar* dense) const {
      using S = StageAt<L>;
      constexpr Index columns = S::columns;
      const Scalar* const weight = step.weights_.data() + transposed.begin[L];
      const Scalar* const bias = step.biases_.data() + biases.begin[L];
      Scalar *const out = y(L), *const before = delta(L);
      const auto& function = std::get<L>(step.stages_).function;
      for_each_panel<Scalar, columns>([&](Index first, auto packs) {
        const Index c = first * P::size;
        const auto start = [&](Index, Index j) { return P::load(bias + c + j * P::size); };
        const auto finish = [&](Index r, Index j, P sum) {
          const Index i = r * columns + c + j * P::size;
          sum.store(before + i);
          function(sum).store(out + i);
        };
        if (L == 0 && dense == nullptr) {
          for (Index r = 0; r < rows; ++r) {
            P acc[packs()];
            unrolled<packs()>([&](auto j) { acc[j] = start(r, j); });
            const Index row = x.row(begin + r);
            gather_list<packs()>(sparse->row(row), sparse->row_size(row), table, weight + c, columns, acc);
            unrolled<packs()>([&](auto j) { finish(r, j, acc[j]); });
          }
        } else {
          const Strided<Scalar> a = L == 0 ? Strided<Scalar>{dense, S::In, 1}
                                           : Strided<Scalar>{y(L - 1), StageAt<(L > 0 ? L - 1 : 0)>::columns, 1};
          product_panel<packs()>(rows, S::In, a, weight + c, columns, start, finish);
        }
      });
      if constexpr (L + 1 < count) forward<L + 1>(begin, rows, dense);
    }

    // The losses of the rows; leaves the gradient by the last stage's sums in its delta.
    double losses(Index begin, Index rows) const {
      using S = StageAt<count - 1>;
      constexpr Index columns = S::columns;
      const auto& function = std::get<count - 1>(step.stages_).function;
      double total = 0;
      for (Index r = 0; r < rows; ++r) {
        Scalar *const out = y(count - 1) + r * columns, *const d = delta(count - 1) + r * columns;
        if constexpr (std::is_same_v<typename S::Function, Identity>) {
          total += static_cast<double>(loss(begin + r, out, d));
        } else {
          alignas(64) Scalar dy[columns];
          total += static_cast<double>(loss(begin + r, out, dy));
          for (Index j = 0; j < columns; j += P::size)
            (P::load(dy + j) * function.derivative(P::load(d + j), P::load(out + j))).store(d + j);
        }
      }
      return total;
    }

    /// Adds stage L's gradients to the sums (or sets them, if this is the part's first tile), and goes on to stage L
    /// - 1.
    template <Index L>
    void backward(Index begin, Index rows, const Scalar* dense, bool first_tile, Scalar* sum, double* total,
                  Index tile_number) const {
      using S = StageAt<L>;
      constexpr Index columns = S::columns;
      const Scalar* const d = delta(L);
      Scalar* const dw = sum + transposed.begin[L];
      for_each_panel<Scalar, columns>([&](Index first, auto packs) {
        const Index c = first * P::size;
        bias_gradient<packs()>(rows, d + c, columns, total + biases.begin[L] + c);
        const auto start = [&](Index k, Index j) {
          return first_tile ? P(Scalar(0)) : P::load(dw + k * columns + c + j * P::size);
        };
        const auto finish = [&](Index k, Index j, P acc) { acc.store(dw + k * columns + c + j * P::size); };
        if (L > 0 || dense != nullptr) {
          const Strided<Scalar> a = L == 0 ? Strided<Scalar>{dense, 1, S::In}
                                           : Strided<Scalar>{y(L - 1), 1, StageAt<(L > 0 ? L - 1 : 0)>::columns};
          product_panel<packs()>(S::In, rows, a, d + c, columns, start, finish);
        } else if (tile_number >= 0) {
          for (Index k = 0; k < S::In; ++k) {
            P acc[packs()];
            unrolled<packs()>([&](auto j) { acc[j] = start(k, j); });
            gather_list<packs()>(sparse->column(tile_number, k), sparse->column_size(tile_number, k), table, d + c,
                                 columns, acc);
            unrolled<packs()>([&](auto j) { finish(k, j, acc[j]); });
          }
        } else {
          for (Index r = 0; r < rows; ++r) {
            P dy[packs()];
            unrolled<packs()>([&](auto j) { dy[j] = P::load(d + r * columns + c + j * P::size); });
            const Index row = x.row(begin + r);
            scatter_list<packs()>(sparse->row(row), sparse->row_size(row), table, dy, dw + c, columns);
          }
        }
      });
      if constexpr (L > 0) {
        constexpr Index inputs = StageAt<L - 1>::columns;
        const Scalar* const weight = step.straight_.data() + straight.begin[L];
        const auto& function = std::get<L - 1>(step.stages_).function;
        Scalar *const out = y(L - 1), *const below = delta(L - 1);
        for_each_panel<Scalar, inputs>([&](Index first, auto packs) {
          const Index c = first * P::size;
          product_panel<packs()>(
              rows, S::Out, Strided<Scalar>{d, columns, 1}, weight + c, inputs,
              [](Index, Index) { return P(Scalar(0)); },
              [&](Index r, Index j, P dy) {
                const Index i = r * inputs + c + j * P::size;
                (dy * function.derivative(P::load(below + i), P::load(out + i))).store(below + i);
              });
        });
        backward<L - 1>(begin, rows, dense, first_tile, sum, total, tile_number);
      }
    }

    template <Index Packs>
    static void bias_gradient(Index rows, const Scalar* d, Index stride, double* total) {
      P acc[Packs];
      unrolled<Packs>([&](auto j) { acc[j] = P(Scalar(0)); });
      for (Index r = 0; r < rows; ++r)
        unrolled<Packs>([&](auto j) { acc[j] += P::load(d + r * stride + j * P::size); });
      alignas(64) Scalar numbers[Packs * P::size];
      unrolled<Packs>([&](auto j) { acc[j].store(numbers + j * P::size); });
      for (Index j = 0; j < Packs * P::size; ++j) total[j] += static_cast<double>(numbers[j]);
    }
  };

  std::tuple<Stages...> stages_;
  Buffer<Scalar> weights_, straight_, biases_;
};

}  // namespace tinynet::detail
