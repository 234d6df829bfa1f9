// The outputs of a chain of layers for a single row, without a place on the tape for what lies between.
#pragma once

#include <span>
#include <tinynet/core/rows.hpp>
#include <tinynet/cpu/fused_weights.hpp>
#include <tinynet/cpu/linear_row.hpp>

namespace tinynet::detail {

/// y [out of the last stage] = the outputs for the only row of x, which has as many columns as the first stage inputs.
template <class Scalar>
void chain_row(std::span<const Stage<Scalar>> stages, const Rows& x, Scalar* y) {
  Index widest = 0;
  for (const Stage<Scalar>& stage : stages) widest = std::max(widest, stage.columns());
  const Buffer<Scalar> memory(2 * widest + x.cols());
  Scalar *out = memory.data(), *other = out + widest;
  const Scalar* in = x.load(0, 1, other + widest);
  for (const Stage<Scalar>& stage : stages) {
    linear_row(in, stage.in, stage.weight, stage.bias, stage.out, out);
    if (const auto& f = stage.function; f.forward != nullptr) {
      std::fill(out + stage.out, out + stage.columns(), Scalar(0));
      f.forward(f.function, stage.columns(), out, out);
    }
    in = out;
    std::swap(out, other);
  }
  std::copy_n(in, stages.back().out, y);
}

}  // namespace tinynet::detail
