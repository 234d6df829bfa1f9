// The gradient of one layer's weight and bias, dW^T = x^T dy: the largest product of a step by the number of sums. They
// stay in the registers of the warps as long as there are enough.
#pragma once

#include <tinynet/cuda/operands.hpp>
#include <tinynet/cuda/step_tiles.hpp>
#include <tinynet/cuda/warp_products.hpp>

namespace tinynet::detail::gpu {

/// What a warp does for layer L. It has Plan::gradient(L).rows shares of the gradient, each fragments beside each other
/// that belong to the same 16 inputs.
template <class Block, class Arithmetic, class Plan, int L>
class WeightGradient {
  using Scalar = typename Plan::Scalar;
  using Net = typename Plan::Net;
  using Products = WarpProducts<Block, Arithmetic>;
  using Warp = typename Products::Warp;
  using Tiles = StepTiles<Plan>;
  using Input = typename Tiles::template Input<L>;
  static constexpr bool of_bytes = std::is_same_v<Input, std::uint8_t>;
  static constexpr bool scales = of_bytes && Arithmetic::scales;

 public:
  using Sum = typename Products::Sum;
  static constexpr int shares = Plan::gradient(L).rows, width = Plan::gradient(L).columns;
  /// The scale of the first products: so large that they give a better one.
  static constexpr Scalar first_scale = scales ? static_cast<Scalar>(power_of_two(0, 0)) : Scalar(1);

  /// sums [Shares][width] += x^T dy of a tile of so many fragments of rows, for the shares from number `from` on.
  /// `scale` is what the sums are multiplied by: first_scale at first, and then a smaller one if the products grow.
  template <int Shares>
  TINYNET_DEVICE static void add_products(const Warp& warp, int from, Sum* sums, Scalar& scale, const Tiles& tiles,
                                          int fragments) {
    const int unit = Share(warp, from).unit;
    const auto delta = [&](int f, int j, int lane) {
      const int column = std::min(unit + j * fragment_columns + lane / 4, Net::out[L] - 1);
      return quad_of<Scalar>([&](int i) { return tiles.template delta<L>(row(f, lane % 4, i))[column]; });
    };
    if constexpr (scales) rescale<Shares>(warp, sums, scale, fragments, delta);
    TINYNET_KEEP_LOOP
    for (int f = 0; f < fragments; ++f) {
      Right right[width];
      TINYNET_UNROLL
      for (int j = 0; j < width; ++j)
        warp.each_lane([&](int lane) {
          const auto quad = delta(f, j, lane);
          right[j][lane].set(0,
                             quad_of<Scalar>([&](int i) { return scales ? quad.number[i] * scale : quad.number[i]; }));
        });
      TINYNET_UNROLL
      for (int s = 0; s < Shares / 2 * 2; s += 2) multiply<2>(warp, from + s, sums + s * width, right, f, tiles);
      if constexpr (Shares % 2 != 0) multiply<1>(warp, from + Shares - 1, sums + (Shares - 1) * width, right, f, tiles);
    }
  }

  /// Adds the sums of a share, times `scale`, that of the bias times `bias_scale`, to the gradient, or puts them there
  /// if they are the `first`, and sets them to 0.
  template <bool First>
  TINYNET_DEVICE static void flush(const Warp& warp, int number, Sum* sums, Scalar scale, Scalar bias_scale,
                                   Scalar* gradient) {
    constexpr int in = Net::in[L], inputs = Net::inputs[L], out = Net::out[L];
    const Share share(warp, number);
    const bool all_inside = Share::end(number) <= in;  // known when this is compiled, if `number` is
    const auto put = [](auto* to, const auto& product) { *to = First ? product : *to + product; };
    constexpr int along = column_of_row(8) - column_of_row(0);  // from a lane's upper number to its lower one
    warp.each_lane([&](int lane) {
      // The lane's other numbers are so far from its first one, whatever its place.
      const Place corner = place_in_c(lane, 0);
      const int input = share.input + column_of_row(corner.row), unit = share.unit + corner.column;
      Scalar* const weight = gradient + Net::weight_begin(L) + unit * in + input;
      TINYNET_UNROLL
      for (int j = 0; j < width; ++j) TINYNET_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int down = j * fragment_columns + i;
        Scalar &upper = sums[j][lane].number[i], &lower = sums[j][lane].number[i + 2];
        if constexpr (of_bytes) {
          upper *= Scalar(1) / Arithmetic::byte;
          lower *= Scalar(1) / Arithmetic::byte;
        }
        if (unit + down < out) {
          Scalar* const to = weight + down * in;
          if (all_inside && along == 1 && in_pairs) {
            put(reinterpret_cast<Pair*>(to), Pair{scale * upper, scale * lower});
          } else {
            const auto put_one = [&](int column, Scalar sum) {
              if (all_inside || input + column < in)
                put(to + column, scale * sum);
              else if (inputs > in && input + column == in)
                put(gradient + Net::bias_begin(L) + unit + down, bias_scale * sum);
            };
            put_one(0, upper);
            put_one(along, lower);
          }
        }
        upper = lower = Scalar(0);
      }
    });
  }

 private:
  // Two numbers of the gradient beside each other, and whether they lie at multiples of their size.
  struct alignas(2 * sizeof(Scalar)) Pair {
    Scalar first, second;

    TINYNET_DEVICE Pair operator+(const Pair& other) const { return {first + other.first, second + other.second}; }
  };
  static constexpr bool in_pairs = Net::in[L] % 2 == 0 && Net::weight_begin(L) % 2 == 0 && Net::parameters % 2 == 0;

  using Left = std::conditional_t<of_bytes, typename Products::Bytes, typename Products::template Operand<Input, 2>>;
  using Right =
      std::conditional_t<of_bytes, typename Products::ByBytes, typename Products::template Operand<Scalar, 1>>;

  // Of so many shares from number `from` on. Those beyond the gradient take the last inputs, for sums that
  // nobody reads.
  template <int Shares>
  TINYNET_DEVICE static void multiply(const Warp& warp, int from, Sum* sums, const Right (&right)[width], int f,
                                      const Tiles& tiles) {
    if (Share::end(from) > Net::inputs[L] && Share(warp, from).input >= Net::inputs[L]) return;
    const auto input = [&](int s) {
      constexpr int last = Plan::columns(L) - fragment_rows;
      const int first = Share(warp, from + s).input;
      const bool all_inside = Share::end(from + s) <= Plan::columns(L);  // as in flush
      return all_inside || first < last ? first : last;
    };
    Left left[Shares];
    read_inputs(warp, left, input, f, tiles);
    Products::multiply_add(warp, sums, left, right);
  }

  // Rows that are four apart are in four banks of the memory.
  TINYNET_DEVICE static int row(int f, int t, int i) { return f * fragment_depth + t + 4 * i; }

  // x^T of shares whose first inputs are input(0), ...: row r of a fragment is an input of the tile. Of bytes a lane
  // reads two beside each other, its upper row's and its lower row's.
  static constexpr int column_of_row(int r) { return of_bytes ? r % 8 * 2 + r / 8 : r; }
  template <int Shares, class F>
  TINYNET_DEVICE static void read_inputs(const Warp& warp, Left (&left)[Shares], const F& input, int f,
                                         const Tiles& tiles) {
    if constexpr (of_bytes) {
      typename Block::template PerLane<ByteBlocks<2 * Shares>> blocks;  // two of 8 rows for each
      warp.template read_blocks<true>(blocks, [&](int block, int r) {
        return tiles.template input<L>(row(f, r / 2, block % 2 * 2 + r % 2)) + input(block / 2);
      });
      warp.each_lane([&](int lane) {
        TINYNET_UNROLL
        for (int s = 0; s < Shares; ++s)
          left[s][lane].set_pairs(blocks[lane].word[2 * s], blocks[lane].word[2 * s + 1]);
      });
    } else {
      TINYNET_UNROLL
      for (int s = 0; s < Shares; ++s)
        Products::template read<Input>(warp, left[s], [&](int r, int t) {
          return quad_of<Scalar>([&](int i) { return tiles.template input<L>(row(f, t, i))[input(s) + r]; });
        });
    }
  }

  // Half floats have few exponents: see HalfTerms. The scale changes only if the products would become too large, which
  // is seldom after the first tile.
  template <int Shares, class Delta>
  TINYNET_DEVICE static void rescale(const Warp& warp, Sum* sums, Scalar& scale, int fragments, const Delta& delta) {
    typename Block::template PerLane<Scalar> most;
    warp.each_lane([&](int lane) {
      most[lane] = Scalar(0);
      TINYNET_KEEP_LOOP
      for (int f = 0; f < fragments; ++f) TINYNET_UNROLL
      for (int j = 0; j < width; ++j) include_sizes(most[lane], delta(f, j, lane));
    });
    const Scalar largest = warp.largest(most);
    if (!(largest * scale >= Scalar(1 << 15))) return;
    const Scalar next = power_of_two(largest, 12), ratio = next / scale;
    TINYNET_UNROLL
    for (int i = 0; i < Shares * width; ++i)
      Products::each_number(warp, sums[i], [&](int, int, Scalar& sum) { sum *= ratio; });
    scale = next;
  }

  // The first input and unit of a warp's share.
  struct Share {
    static constexpr int across = divide_up(divide_up(Net::out[L], fragment_columns), width);
    int input, unit;

    TINYNET_DEVICE Share(const Warp& warp, int number) {
      constexpr bool same_columns = Plan::warps % across == 0;
      const int share = same_columns ? warp.number() : number * Plan::warps + warp.number();
      const int before = same_columns ? number * (Plan::warps / across) : 0;
      input = (before + share / across) * fragment_rows;
      unit = share % across * width * fragment_columns;
    }
    /// Above the inputs of all warps' shares of this number.
    static constexpr int end(int number) { return divide_up((number + 1) * Plan::warps, across) * fragment_rows; }
  };
};

}  // namespace tinynet::detail::gpu
