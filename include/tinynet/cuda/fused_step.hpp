// The loss and all gradients of a chain of layers in one pass over the rows: a block takes a part of the rows, a tile
// at a time, forward, loss, backward and weight gradients. The slow and obvious version is the tape.
#pragma once

#include <tinynet/cuda/held_weights.hpp>
#include <tinynet/cuda/launch_queue.hpp>
#include <tinynet/cuda/row_loader.hpp>
#include <tinynet/cuda/row_loss.hpp>
#include <tinynet/cuda/shared_weights.hpp>
#include <tinynet/cuda/team.hpp>
#include <tinynet/cuda/weight_gradient.hpp>
#include <variant>

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
  unsigned* arrived;             ///< of each row of blocks: 0, before and after

  /// What it touches.
  Footprint footprint(std::size_t returned) const { return {{partial, total}, returned}; }
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

  static constexpr int last = Plan::layers - 1, outputs = Net::out.back();
  static constexpr int own_outputs = outputs <= longest_row_in_registers ? outputs : 1;

  // What a warp keeps from tile to tile: the first layer's weights, the sums, and the scale of the first layer's.
  struct Kept {
    std::conditional_t<Plan::holds_weights(), HeldWeights<Block, Arithmetic, Plan>, std::monostate> weights;
    Sum sum[Plan::kept_before(Plan::layers) + 1];
    Scalar scale = Gradient<0>::first_scale;
  };
  using PerWarp = typename Block::template PerWarp<Kept>;
  // When a tile's products go to the part's gradients: at once, or if `kept` from time to time.
  struct Flush {
    bool first, kept, first_kept;
  };

 public:
  TINYNET_DEVICE FusedStep(const Block& block, const StepArguments<Plan, Loss>& arguments)
      : block_(block),
        a_(arguments),
        tiles_(block.shared()),
        rows_(a_.x, a_.stride, a_.selection),
        weights_(a_.parameters, a_.scale),
        other_weights_(block.shared(), weights_) {}

  TINYNET_DEVICE void run() {
    // Tensor cores cut off what others round, so a sum must not get too long.
    constexpr int kept_rows = 512 / Plan::tile_rows * Plan::tile_rows;
    const Parts parts(a_.rows);
    const int count = static_cast<int>(parts.end(block_.number()) - parts.begin(block_.number()));
    const auto rows_from = [count](int begin) {
      return count - begin < Plan::tile_rows ? count - begin : Plan::tile_rows;
    };
    const auto load = [&](int begin) {
      if (begin < count)
        block_.each_warp_without_barrier(
            [&](const Warp& warp) { rows_.load(block_, warp, tiles_, tiles_.first_row() + begin, rows_from(begin)); });
    };
    PerWarp kept;
    clear(parts.begin(block_.number()));
    load(0);
    if constexpr (Plan::holds_weights())
      block_.each_warp([&](const Warp& warp) { kept[warp].weights.load(warp, block_.shared(), weights_); });
    for (int begin = 0; begin < count; begin += Plan::tile_rows) {
      const int rows = rows_from(begin), fragments = divide_up(rows, fragment_rows), end = begin + rows;
      block_.each_thread([&](int) { block_.wait_for_copies(begin / Plan::tile_rows); });
      tiles_.go_on();
      if (Plan::input_buffers > 1) load(end);
      first_products(kept, fragments);
      rest(Team<Block, Plan::team_warps()>{block_, fragments}, begin, rows);
      block_.meet();
      const Flush flush{begin == 0, end == count || end % kept_rows == 0, begin < kept_rows};
      block_.each_warp([&](const Warp& warp) { weight_gradients<0>(warp, kept[warp], fragments, flush); });
      if (Plan::input_buffers == 1) load(end);
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
    static_assert(Plan::shared_bytes() - Plan::losses_begin >= warp_size * static_cast<int>(sizeof(double)));
    double* const sums = &tiles_.loss(0);
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
  TINYNET_DEVICE void clear(std::int64_t first_row) const {
    block_.each_thread([&](int thread) {
      struct alignas(16) Four {
        std::uint32_t word[4];
      };
      static_assert(Plan::shared_bytes() % sizeof(Four) == 0);
      auto* const four = reinterpret_cast<Four*>(block_.shared());
      for (int i = thread; i < Plan::shared_bytes() / static_cast<int>(sizeof(Four)); i += Plan::threads) four[i] = {};
    });
    block_.each_thread([&](int thread) {
      for (int r = thread; r < Plan::tile_rows; r += Plan::threads) set_ones<0>(r);
      other_weights_.store(thread);
      if (thread == 0) tiles_.first_row() = first_row;
      block_.prepare_copies(thread);
    });
  }
  template <int L>
  TINYNET_DEVICE void set_ones(int row) const {
    constexpr int in = Net::in[L];
    if constexpr (Net::inputs[L] > in) tiles_.template input<L>(row)[in] = 1;
    if constexpr (Net::inputs[L] > in && L == 0) tiles_.next_input(row)[in] = 1;
    if constexpr (L < last) set_ones<L + 1>(row);
  }

  // The sums of the first layer, in slices if there are several; else its outputs.
  TINYNET_DEVICE void first_products(PerWarp& kept, int fragments) const {
    if constexpr (Plan::holds_weights())
      block_.each_warp([&](const Warp& warp) {
        kept[warp].weights.multiply(warp, block_.shared(), tiles_, fragments, Put<0>{*this});
      });
    else
      multiply<0>(Team<Block, Plan::warps>{block_, fragments});
  }

  // All else that concerns a tile's rows: from `begin` on there are so many.
  template <class OwnTeam>
  TINYNET_DEVICE void rest(const OwnTeam& team, int begin, int rows) const {
    add_slices<0>(team);
    forward<1>(team);
    loss(team, begin, rows);
    backward<last>(team);
  }

  // What becomes of a sum that gives an output of layer L, or a part of it.
  template <int L>
  struct Put {
    const FusedStep& step;

    TINYNET_DEVICE void operator()(int slice, int row, int unit, Scalar sum) const {
      if (unit >= Net::out[L]) return;
      if constexpr (Plan::forward(L).slices > 1)
        step.tiles_.template slice<L>(slice, row)[unit] = sum;
      else
        step.template put_output<L>(row, unit, sum);
    }
  };
  // y = f(x), and the derivative of f.
  template <int L>
  TINYNET_DEVICE void put_output(int row, int unit, Scalar x) const {
    const auto& f = a_.net.template function<L>();
    const Scalar y = f(x);
    tiles_.template input<L + 1>(row)[unit] = y;
    tiles_.template delta<L>(row)[unit] = f.derivative(x, y);
  }

  // x W^T + b.
  template <int L, class OwnTeam>
  TINYNET_DEVICE void multiply(const OwnTeam& team) const {
    using Input = typename StepTiles<Plan>::template Input<L>;
    constexpr int across = divide_up(Net::out[L], fragment_columns);
    Products::template multiply<Input>(
        Divided<OwnTeam::divide(Plan::forward(L), across)>{}, team, across, Plan::columns(L) / fragment_depth,
        [&](int row, int k) { return aligned_quad<Scalar>(tiles_.template input<L>(row) + k); },
        [&](auto& operand, int unit, int k) {
          if constexpr (L == 0)
            operand.set(0, weights_.template of_unit<L>(unit, k));
          else
            other_weights_.template of_unit<L>(operand, unit, k);
        },
        Put<L>{*this});
  }
  template <int L, class OwnTeam>
  TINYNET_DEVICE void add_slices(const OwnTeam& team) const {
    constexpr int out = Net::out[L], slices = Plan::forward(L).slices;
    if constexpr (slices > 1)
      team.each_thread([&](const Rows& rows, int first, int threads) {
        constexpr int width = out % 2 == 0 ? 2 : 1;  // beside each other, which are read together
        struct alignas(width * sizeof(Scalar)) Part {
          Scalar number[width];
        };
        constexpr int parts = out / width;
        for (int i = first; i < rows.fragments * fragment_rows * parts; i += threads) {
          const int row = rows.first + i / parts, unit = i % parts * width;
          Part sum{};
          TINYNET_UNROLL
          for (int slice = 0; slice < slices; ++slice) {
            const Part part = *reinterpret_cast<const Part*>(tiles_.template slice<L>(slice, row) + unit);
            TINYNET_UNROLL
            for (int j = 0; j < width; ++j) sum.number[j] += part.number[j];
          }
          TINYNET_UNROLL
          for (int j = 0; j < width; ++j) put_output<L>(row, unit + j, sum.number[j]);
        }
      });
  }
  template <int L, class OwnTeam>
  TINYNET_DEVICE void forward(const OwnTeam& team) const {
    if constexpr (L <= last) {
      multiply<L>(team);
      add_slices<L>(team);
      forward<L + 1>(team);
    }
  }

  // The losses, and their derivatives where the net's outputs were.
  template <class OwnTeam>
  TINYNET_DEVICE void loss(const OwnTeam& team, int begin, int rows) const {
    team.each_thread([&](const Rows& own_rows, int number, int threads) {
      for (int i = number; i < own_rows.fragments * fragment_rows; i += threads) {
        const int r = own_rows.first + i;
        Scalar* y = tiles_.template input<last + 1>(r);
        Scalar own[own_outputs];
        if constexpr (own_outputs == outputs) {
          TINYNET_UNROLL
          for (int j = 0; j < outputs; ++j) own[j] = y[j];
          y = own;
        }
        const std::int64_t row = tiles_.first_row() + begin + r;
        if (r < rows) tiles_.loss(r) += a_.loss(a_.table_targets ? rows_.table_row(row) : row, y);
        Scalar* const delta = tiles_.template delta<last>(r);
        TINYNET_UNROLL_TURNS(own_outputs)
        for (int j = 0; j < outputs; ++j) delta[j] = r < rows ? delta[j] * y[j] : Scalar(0);
      }
    });
  }

  // The gradient by the outputs of the layer below, from that of layer L.
  template <int L, class OwnTeam>
  TINYNET_DEVICE void backward(const OwnTeam& team) const {
    if constexpr (L > 0) {
      constexpr int in = Net::in[L], across = divide_up(in, fragment_columns);
      Products::template multiply<Scalar>(
          Divided<OwnTeam::divide(Plan::backward(L), across)>{}, team, across, divide_up(Net::out[L], fragment_depth),
          [&](int row, int k) { return aligned_quad<Scalar>(tiles_.template delta<L>(row) + k); },
          [&](auto& operand, int input, int k) { other_weights_.template of_input<L>(operand, input, k); },
          [&](int, int row, int input, Scalar sum) {
            if (input < in) tiles_.template delta<L - 1>(row)[input] *= sum;
          });
      backward<L - 1>(team);
    }
  }

  // Of all layers from L on.
  template <int L>
  TINYNET_DEVICE void weight_gradients(const Warp& warp, Kept& kept, int fragments, const Flush& flush) const {
    using G = Gradient<L>;
    Scalar* const gradient = a_.partial + std::int64_t{block_.number()} * Net::parameters;
    const auto put = [&]<int Shares>(std::integral_constant<int, Shares>, int from, Sum* sums, Scalar scale,
                                     bool first) {
      const Scalar bias_factor = Scalar(1) / scale, factor = L == 0 ? a_.scale * bias_factor : bias_factor;
      const auto each = [&]<bool First>(std::bool_constant<First>) {
        TINYNET_UNROLL
        for (int i = 0; i < Shares; ++i)
          G::template flush<First>(warp, from + i, sums + i * G::width, factor, bias_factor, gradient);
      };
      first ? each(std::true_type{}) : each(std::false_type{});
    };
    if constexpr (Plan::keeps(L)) {
      Sum* const sums = kept.sum + Plan::kept_before(L);
      Scalar same(1);
      Scalar& scale = L == 0 ? kept.scale : same;
      G::template add_products<G::shares>(warp, 0, sums, scale, tiles_, fragments);
      if (flush.kept) put(std::integral_constant<int, G::shares>{}, 0, sums, scale, flush.first_kept);
    } else {
      for (int i = 0; i < G::shares; ++i) {
        Sum sums[G::width];
        Scalar scale = G::first_scale;
        G::template add_products<1>(warp, i, sums, scale, tiles_, fragments);
        put(std::integral_constant<int, 1>{}, i, sums, scale, flush.first);
      }
    }
    if constexpr (L < last) weight_gradients<L + 1>(warp, kept, fragments, flush);
  }

  const Block& block_;
  const StepArguments<Plan, Loss>& a_;
  StepTiles<Plan> tiles_;
  const RowLoader<Block, Plan> rows_;
  const Weights<Net, Scalar> weights_;
  const SharedWeights<Arithmetic, Plan> other_weights_;
};

}  // namespace tinynet::detail::gpu
