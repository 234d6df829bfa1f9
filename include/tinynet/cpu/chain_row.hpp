// The outputs of a chain of layers for a single row, without a place on the tape for what lies between.
#pragma once

#include <span>
#include <tinynet/core/rows.hpp>
#include <tinynet/cpu/fused_weights.hpp>
#include <tinynet/cpu/linear_row.hpp>

namespace tinynet::detail {

/// y [out of the last stage] = the outputs for row `row` of x, which has as many columns as the first stage inputs.
/// layer(l, from, to) computes the linear layer of stage l: columns() numbers.
template <class Scalar, class Layer>
void chain_row(std::span<const Stage<Scalar>> stages, const Rows& x, Index row, Scalar* y, const Layer& layer) {
  Index widest = 0;
  for (const Stage<Scalar>& stage : stages) widest = std::max(widest, stage.columns());
  const Buffer<Scalar> memory(2 * widest + x.cols());
  Scalar *to = memory.data(), *other = to + widest;
  const Scalar* from = x.load(row, 1, other + widest);
  for (std::size_t l = 0; l < stages.size(); ++l) {
    layer(l, from, to);
    if (const auto& f = stages[l].function; f.forward != nullptr) f.forward(f.function, stages[l].columns(), to, to);
    from = to;
    std::swap(to, other);
  }
  std::copy_n(from, stages.back().out, y);
}

/// The same for the only row of x, with the weights where the net keeps them.
template <class Scalar>
void chain_row(std::span<const Stage<Scalar>> stages, const Rows& x, Scalar* y) {
  chain_row(stages, x, 0, y, [stages](std::size_t l, const Scalar* from, Scalar* to) {
    const Stage<Scalar>& s = stages[l];
    linear_row(from, s.in, s.weight, s.bias, s.out, to);
    std::fill(to + s.out, to + s.columns(), to[0]);  // as FusedWeights has it
  });
}

}  // namespace tinynet::detail
