// The weights of all layers but the first as operands in shared memory: see StepPlan::shares_weights.
#pragma once

#include <tinynet/cuda/operands.hpp>
#include <tinynet/cuda/step_plan.hpp>

namespace tinynet::detail::gpu {

/// Operands of the products with them. Where they are not in shared memory, they are made each time.
template <class Arithmetic, class Plan>
class SharedWeights {
  using Scalar = typename Plan::Scalar;
  using Net = typename Plan::Net;

 public:
  using Operand = typename Arithmetic::template Operand<Scalar, 1>;

  TINYNET_DEVICE SharedWeights(std::byte* shared, const Weights<Net, Scalar>& weights)
      : shared_(shared), weights_(weights) {}

  /// Puts them there, all threads of a block together.
  TINYNET_DEVICE void store(int thread) const {
    if constexpr (Plan::shares_weights()) store_from<1>(thread);
  }

  /// Of layer L > 0: W[unit][k], ..., W[unit][k + 3], or W[k][input], ..., W[k + 3][input]; k is a multiple of 4.
  template <int L>
  TINYNET_DEVICE void of_unit(Operand& operand, int unit, int k) const {
    if constexpr (Plan::shares_weights())
      operand = *place<L, false>(unit, k);
    else
      operand.set(0, weights_.template of_unit<L>(unit, k));
  }
  template <int L>
  TINYNET_DEVICE void of_input(Operand& operand, int input, int k) const {
    if constexpr (Plan::shares_weights())
      operand = *place<L, true>(input, k);
    else
      operand.set(0, weights_.template of_input<L>(input, k));
  }

 private:
  // As the lanes of a warp read them: one fragment after another, a lane after another.
  template <int L, bool Backward>
  TINYNET_DEVICE Operand* place(int column, int k) const {
    const int fragment = k / fragment_depth * Plan::operands_across(L, Backward) + column / fragment_columns;
    const int lane = column % fragment_columns * 4 + k % fragment_depth / 4;
    return reinterpret_cast<Operand*>(shared_ + Plan::operands_begin(L, Backward)) + fragment * warp_size + lane;
  }
  template <int L, bool Backward, class F>
  TINYNET_DEVICE void store_layer(int thread, const F& quad) const {
    constexpr int columns = Plan::operands_across(L, Backward) * fragment_columns;
    constexpr int depth = round_up(Backward ? Plan::out(L) : Plan::columns(L), fragment_depth);
    for (int i = thread; i < columns * depth / 4; i += Plan::threads) {
      const int column = i / (depth / 4), k = i % (depth / 4) * 4;
      Operand operand;
      operand.set(0, quad(column, k));
      *place<L, Backward>(column, k) = operand;
    }
  }
  template <int L>
  TINYNET_DEVICE void store_from(int thread) const {
    if constexpr (L < Plan::layers) {
      store_layer<L, false>(thread, [&](int unit, int k) { return weights_.template of_unit<L>(unit, k); });
      store_layer<L, true>(thread, [&](int input, int k) { return weights_.template of_input<L>(input, k); });
      store_from<L + 1>(thread);
    }
  }

  std::byte* shared_;
  Weights<Net, Scalar> weights_;
};

}  // namespace tinynet::detail::gpu
