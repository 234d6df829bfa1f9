// The loss and all gradients of a chain of layers in one pass over the rows: a block takes a part of the rows, a tile
// at a time, forward, loss, backward and weight gradients. The slow and obvious version is the tape.
#pragma once

#include <tinynet/cuda/weight_gradient.hpp>

namespace tinynet::detail::gpu {

/// What a step reads and writes. The input is `rows` rows of Number, `stride` numbers apart and multiplied by `scale`,
/// those of the table that `selection` names if it is not null; the targets are numbered by the rows of the table if
/// `table_targets`, else by those of the selection. `parameters` begins at a multiple of 4 numbers.
template <class Plan, class Loss>
struct StepArguments {
  typename Plan::Net net;
  Loss loss;
  const typename Plan::Number* x;
  std::int64_t rows, stride;
  const std::int64_t* selection;
  bool table_targets;
  typename Plan::Scalar scale;
  const typename Plan::Scalar* parameters;
  typename Plan::Scalar* partial;  ///< out: the gradients of each part, [Parts(rows).count(), parameters]
  double* partial_loss;            ///< out: the sum of the losses of each part
  double loss_factor;
  typename Plan::Scalar* total;  ///< out, one number: the sum of all losses, times the factor
  unsigned* arrived;             ///< 0, before and after
};

/// One block's work.
template <class Block, class Arithmetic, class Plan, class Loss>
class FusedStep {
  using Scalar = typename Plan::Scalar;
  using Number = typename Plan::Number;
  using Net = typename Plan::Net;
  using Products = WarpProducts<Block, Arithmetic>;
  using Warp = typename Products::Warp;
  using Sum = typename Products::Sum;
  template <int L>
  using Gradient = WeightGradient<Block, Arithmetic, Plan, L>;

  static constexpr int last = Plan::layers - 1;

  // The sums that a warp keeps from tile to tile.
  struct Kept {
    Sum sum[Plan::kept_before(Plan::layers) + 1];
  };
  // When a tile's products go to the part's gradients: at once, or if `kept` from time to time.
  struct Flush {
    bool first, kept, first_kept;
  };

 public:
  TINYNET_DEVICE FusedStep(const Block& block, const StepArguments<Plan, Loss>& arguments)
      : block_(block), a_(arguments), tiles_(block.shared()), weights_(a_.parameters, a_.scale) {}

  TINYNET_DEVICE void run() const {
    constexpr int most_rows_kept = 512;  // tensor cores cut off what others round, so a sum must not get too long
    const Parts parts(a_.rows);
    const std::int64_t end = parts.end(block_.number());
    typename Block::template PerWarp<Kept> kept;
    Flush flush{true, false, true};
    int rows_kept = 0;
    clear();
    for (std::int64_t begin = parts.begin(block_.number()); begin < end; begin += Plan::tile_rows) {
      const int rows = static_cast<int>(std::min<std::int64_t>(end - begin, Plan::tile_rows));
      const int fragments = divide_up(rows, fragment_rows);
      load(begin, rows);
      forward<0>(fragments);
      loss(begin, rows);
      backward<last>(fragments);
      rows_kept += rows;
      flush.kept = begin + rows == end || rows_kept + Plan::tile_rows > most_rows_kept;
      block_.each_warp([&](const Warp& warp) { weight_gradients<0>(warp, kept[warp].sum, fragments, flush); });
      flush.first = false;
      if (flush.kept) {
        flush.first_kept = false;
        rows_kept = 0;
      }
    }
    block_.each_thread([&](int thread) {
      if (thread > 0) return;
      double total = 0;
      for (int r = 0; r < Plan::tile_rows; ++r) total += tiles_.loss(r);
      a_.partial_loss[block_.number()] = total;
    });
    if (block_.is_last(a_.arrived, parts.count())) add_up_losses(parts.count());
  }

 private:
  // In an order that is always the same, whichever block comes last.
  TINYNET_DEVICE void add_up_losses(int parts) const {
    static_assert(Plan::shared_bytes() >= warp_size * static_cast<int>(sizeof(double)));
    auto* const sums = reinterpret_cast<double*>(block_.shared());
    block_.each_thread([&](int thread) {
      if (thread >= warp_size) return;
      double sum = 0;
      for (int part = thread; part < parts; part += warp_size) sum += a_.partial_loss[part];
      sums[thread] = sum;
    });
    block_.each_thread([&](int thread) {
      if (thread > 0) return;
      double total = 0;
      for (int lane = 0; lane < warp_size; ++lane) total += sums[lane];
      *a_.total = static_cast<Scalar>(a_.loss_factor * total);
    });
  }

  // What fills tiles up to whole fragments stays 0, but for the 1 that the bias is the weight of.
  TINYNET_DEVICE void clear() const {
    block_.each_thread([&](int thread) {
      auto* const word = reinterpret_cast<std::uint32_t*>(block_.shared());
      for (int i = thread; i < Plan::shared_bytes() / 4; i += Plan::threads) word[i] = 0;
    });
    block_.each_thread([&](int thread) {
      for (int r = thread; r < Plan::tile_rows; r += Plan::threads) set_ones<0>(r);
    });
  }
  template <int L>
  TINYNET_DEVICE void set_ones(int row) const {
    constexpr int in = Net::in[L];
    if constexpr (Net::inputs[L] > in) tiles_.template input<L>(row)[in] = 1;
    if constexpr (L < last) set_ones<L + 1>(row);
  }

  TINYNET_DEVICE std::int64_t table_row(std::int64_t row) const {
    return a_.selection == nullptr ? row : a_.selection[row];
  }

  // The inputs of a tile, and zeros in the rows that its last fragment has too many.
  TINYNET_DEVICE void load(std::int64_t begin, int rows) const {
    struct alignas(16) Piece {
      Number number[16 / sizeof(Number)];
    };
    if constexpr (Net::in[0] * sizeof(Number) % sizeof(Piece) == 0) {
      const auto address = reinterpret_cast<std::uintptr_t>(a_.x);
      const auto step = static_cast<std::uintptr_t>(a_.stride) * sizeof(Number);
      if ((address | step) % sizeof(Piece) == 0) return copy<Piece>(begin, rows);
    }
    copy<Number>(begin, rows);
  }
  template <class Piece>
  TINYNET_DEVICE void copy(std::int64_t begin, int rows) const {
    constexpr int size = sizeof(Piece) / sizeof(Number), pieces = Net::in[0] / size;
    block_.each_thread([&](int thread) {
      for (int i = thread; i < round_up(rows, fragment_rows) * pieces; i += Plan::threads) {
        const int row = i / pieces, column = i % pieces * size;
        const Number* const from = a_.x + table_row(begin + std::min(row, rows - 1)) * a_.stride + column;
        Number* const to = tiles_.template input<0>(row) + column;
        *reinterpret_cast<Piece*>(to) = row < rows ? *reinterpret_cast<const Piece*>(from) : Piece{};
      }
    });
  }

  // y = f(x W^T + b), and the derivative of f.
  template <int L>
  TINYNET_DEVICE void forward(int fragments) const {
    constexpr Division d = Plan::forward(L);
    constexpr int out = Net::out[L], slices = d.slices;
    const auto put = [&](int row, int unit, Scalar x) {
      const auto& f = a_.net.template function<L>();
      const Scalar y = f(x);
      tiles_.template input<L + 1>(row)[unit] = y;
      tiles_.template delta<L>(row)[unit] = f.derivative(x, y);
    };
    using Input = typename StepTiles<Plan>::template Input<L>;
    Products::template multiply<Input, d.rows, d.columns, slices>(
        block_, fragments, divide_up(out, fragment_columns), Plan::columns(L) / fragment_depth,
        [&](int row, int k) { return aligned_quad<Scalar>(tiles_.template input<L>(row) + k); },
        [&](int unit, int k) { return weights_.template of_unit<L>(unit, k); },
        [&](int slice, int row, int unit, Scalar sum) {
          if (unit >= out) return;
          if constexpr (slices > 1)
            tiles_.template slice<L>(slice, row)[unit] = sum;
          else
            put(row, unit, sum);
        });
    if constexpr (slices > 1)
      block_.each_thread([&](int thread) {
        for (int i = thread; i < fragments * fragment_rows * out; i += Plan::threads) {
          const int row = i / out, unit = i % out;
          Scalar sum(0);
          for (int slice = 0; slice < slices; ++slice) sum += tiles_.template slice<L>(slice, row)[unit];
          put(row, unit, sum);
        }
      });
    if constexpr (L < last) forward<L + 1>(fragments);
  }

  // The losses, and their derivatives where the net's outputs were.
  TINYNET_DEVICE void loss(std::int64_t begin, int rows) const {
    block_.each_thread([&](int thread) {
      for (int r = thread; r < round_up(rows, fragment_rows); r += Plan::threads) {
        Scalar* const y = tiles_.template input<last + 1>(r);
        if (r < rows) tiles_.loss(r) += a_.loss(a_.table_targets ? table_row(begin + r) : begin + r, y);
        Scalar* const delta = tiles_.template delta<last>(r);
        for (int j = 0; j < Net::out[last]; ++j) delta[j] = r < rows ? delta[j] * y[j] : Scalar(0);
      }
    });
  }

  // The gradient by the outputs of the layer below, from that of layer L.
  template <int L>
  TINYNET_DEVICE void backward(int fragments) const {
    if constexpr (L > 0) {
      constexpr Division d = Plan::backward(L);
      constexpr int in = Net::in[L];
      Products::template multiply<Scalar, d.rows, d.columns, d.slices>(
          block_, fragments, divide_up(in, fragment_columns), divide_up(Net::out[L], fragment_depth),
          [&](int row, int k) { return aligned_quad<Scalar>(tiles_.template delta<L>(row) + k); },
          [&](int input, int k) { return weights_.template of_input<L>(input, k); },
          [&](int, int row, int input, Scalar sum) {
            if (input < in) tiles_.template delta<L - 1>(row)[input] *= sum;
          });
      backward<L - 1>(fragments);
    }
  }

  // Of all layers from L on.
  template <int L>
  TINYNET_DEVICE void weight_gradients(const Warp& warp, Sum* kept, int fragments, const Flush& flush) const {
    using G = Gradient<L>;
    const Scalar scale = L == 0 ? a_.scale : Scalar(1);
    Scalar* const gradient = a_.partial + std::int64_t{block_.number()} * Net::parameters;
    if constexpr (Plan::keeps(L)) {
      Sum* const sums = kept + Plan::kept_before(L);
      G::template add_products<G::shares>(warp, 0, sums, tiles_, fragments);
      if (flush.kept) {
        TINYNET_UNROLL
        for (int i = 0; i < G::shares; ++i) G::flush(warp, i, sums + i * G::width, scale, flush.first_kept, gradient);
      }
    } else {
      for (int i = 0; i < G::shares; ++i) {
        Sum sums[G::width];
        G::template add_products<1>(warp, i, sums, tiles_, fragments);
        G::flush(warp, i, sums, scale, flush.first, gradient);
      }
    }
    if constexpr (L < last) weight_gradients<L + 1>(warp, kept, fragments, flush);
  }

  const Block& block_;
  const StepArguments<Plan, Loss>& a_;
  const StepTiles<Plan> tiles_;
  const Weights<Net, Scalar> weights_;
};

}  // namespace tinynet::detail::gpu
