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

 public:
  using Sum = typename Products::Sum;
  static constexpr int shares = Plan::gradient(L).rows, width = Plan::gradient(L).columns;

  /// sums [Shares][width] += x^T dy of a tile of so many fragments of rows, for the shares from number `from` on.
  template <int Shares>
  TINYNET_DEVICE static void add_products(const Warp& warp, int from, Sum* sums, const Tiles& tiles, int fragments) {
    const int unit = Share(warp, from).unit;
    for (int f = 0; f < fragments; ++f) {
      // Rows that are four apart are in four banks of the memory.
      const auto row = [f](int t, int i) { return f * fragment_depth + t + 4 * i; };
      typename Products::template Operand<Scalar, 1> right[width];
      TINYNET_UNROLL
      for (int j = 0; j < width; ++j)
        Products::template read<Scalar>(warp, right[j], [&](int c, int t) {
          const int column = std::min(unit + j * fragment_columns + c, Net::out[L] - 1);
          return quad_of<Scalar>([&](int i) { return tiles.template delta<L>(row(t, i))[column]; });
        });
      TINYNET_UNROLL
      for (int s = 0; s < Shares; ++s) {
        const Share share(warp, from + s);
        if (share.input >= Net::inputs[L]) continue;
        typename Products::template Operand<Input, 2> left;
        Products::template read<Input>(warp, left, [&](int r, int t) {
          return quad_of<Scalar>([&](int i) { return tiles.template input<L>(row(t, i))[share.input + r]; });
        });
        TINYNET_UNROLL
        for (int j = 0; j < width; ++j) warp.multiply_add(sums[s * width + j], left, right[j]);
      }
    }
  }

  /// Adds the sums of a share, times `scale` but for the bias, to the gradient, or puts them there if they are the
  /// `first`, and sets them to 0.
  TINYNET_DEVICE static void flush(const Warp& warp, int number, Sum* sums, Scalar scale, bool first,
                                   Scalar* gradient) {
    constexpr int in = Net::in[L], weight_begin = Net::weight_begin(L), bias_begin = Net::bias_begin(L);
    const Share share(warp, number);
    TINYNET_UNROLL
    for (int j = 0; j < width; ++j)
      Products::each_number(warp, sums[j], [&](int r, int c, Scalar& sum) {
        const int input = share.input + r, unit = share.unit + j * fragment_columns + c;
        const auto put = [first](Scalar& to, Scalar product) { to = (first ? Scalar(0) : to) + product; };
        if (unit < Net::out[L]) {
          if (input < in)
            put(gradient[weight_begin + unit * in + input], scale * sum);
          else if (input < Net::inputs[L])
            put(gradient[bias_begin + unit], sum);
        }
        sum = Scalar(0);
      });
  }

 private:
  // The first input and unit of a warp's share.
  struct Share {
    int input, unit;

    TINYNET_DEVICE Share(const Warp& warp, int number) {
      constexpr int across = divide_up(divide_up(Net::out[L], fragment_columns), width);
      const int share = number * Plan::warps + warp.number();
      input = share / across * fragment_rows;
      unit = share % across * width * fragment_columns;
    }
  };
};

}  // namespace tinynet::detail::gpu
