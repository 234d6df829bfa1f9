// The losses of one row of outputs, as the fused step calls them: loss(target, y) with the number of the target and y a
// row of outputs in place of which the gradient is written, times `factor`. The result is the row's loss without it.
#pragma once

#include <cmath>
#include <cstdint>
#include <tinynet/core/host_device.hpp>

namespace tinynet::detail::gpu {

/// So many outputs a thread can have in registers.
inline constexpr int longest_row_in_registers = 32;

/// log(sum exp y) - (1 - s) y[label] - s mean(y), the gradient softmax(y) - target; labels are in [0, Outputs), or
/// negative where a row does not count.
template <class Scalar, int Outputs>
struct CrossEntropyRow {
  const std::int32_t* labels;
  Scalar smoothing, factor;

  // A short row may be in registers: then it has no y[label] either.
  static constexpr int turns = Outputs <= longest_row_in_registers ? Outputs : 1;

  constexpr double operator()(std::int64_t target, Scalar* y) const {
    const std::int32_t label = labels[target];
    if (label < 0) {
      TINYNET_UNROLL_TURNS(turns)
      for (int j = 0; j < Outputs; ++j) y[j] = Scalar(0);
      return 0;
    }
    const Scalar spread = smoothing / Scalar(Outputs);
    Scalar largest = y[0];
    TINYNET_UNROLL_TURNS(turns)
    for (int j = 1; j < Outputs; ++j) largest = largest < y[j] ? y[j] : largest;
    Scalar own = y[0];
    TINYNET_UNROLL_TURNS(turns)
    for (int j = 1; j < Outputs; ++j) own = is(j, label) ? y[j] : own;
    Scalar excess = (Scalar(1) - smoothing) * (own - largest);
    if (smoothing != Scalar(0)) {
      TINYNET_UNROLL_TURNS(turns)
      for (int j = 0; j < Outputs; ++j) excess += spread * (y[j] - largest);
    }
    Scalar total(0);
    TINYNET_UNROLL_TURNS(turns)
    for (int j = 0; j < Outputs; ++j) total += y[j] = std::exp(y[j] - largest);
    const Scalar scale = factor / total;
    TINYNET_UNROLL_TURNS(turns)
    for (int j = 0; j < Outputs; ++j) {
      y[j] = y[j] * scale - spread * factor;
      if (is(j, label)) y[j] -= (Scalar(1) - smoothing) * factor;
    }
    return static_cast<double>(std::log(total) - excess);
  }

 private:
  // j == label, which the compiler must not make a y[label] of.
  static constexpr bool is(int j, std::int32_t label) {
    int same = j == label;
#ifdef __CUDA_ARCH__
    asm("" : "+r"(same));
#endif
    return same != 0;
  }
};

/// The sum of f(y, t) over the outputs, with f.derivative(y, t); targets [rows, Outputs], row-major.
template <class Scalar, int Outputs, class F>
struct ElementwiseRow {
  const Scalar* targets;
  Scalar factor;
  F f{};

  static constexpr int turns = Outputs <= longest_row_in_registers ? Outputs : 1;

  constexpr double operator()(std::int64_t target, Scalar* y) const {
    double total = 0;
    TINYNET_UNROLL_TURNS(turns)
    for (int j = 0; j < Outputs; ++j) {
      const Scalar t = targets[target * Outputs + j];
      total += static_cast<double>(f(y[j], t));
      y[j] = f.derivative(y[j], t) * factor;
    }
    return total;
  }
};

}  // namespace tinynet::detail::gpu
