// The tiles of a fused step in a block's shared memory.
#pragma once

#include <cstddef>
#include <tinynet/cuda/step_plan.hpp>

namespace tinynet::detail::gpu {

/// Views of shared memory as step_plan.hpp lays it out; all functions give a row's first number.
template <class Plan>
class StepTiles {
 public:
  using Scalar = typename Plan::Scalar;
  /// What the inputs of layer L are kept as.
  template <int L>
  using Input = std::conditional_t<L == 0, typename Plan::Number, Scalar>;

  TINYNET_DEVICE explicit StepTiles(std::byte* shared) : shared_(shared) {}

  /// The loss of row r of all tiles so far.
  TINYNET_DEVICE double& loss(int row) const { return reinterpret_cast<double*>(shared_ + Plan::losses_begin)[row]; }

  /// The number of the first row of all tiles, for which there is no register left.
  TINYNET_DEVICE std::int64_t& first_row() const { return *reinterpret_cast<std::int64_t*>(shared_ + 8); }

  /// The inputs of layer L; for L = layers the outputs of the net.
  template <int L>
  TINYNET_DEVICE Input<L>* input(int row) const {
    if constexpr (L == 0)
      return input_of(row, buffer_);
    else
      return at<Input<L>, Plan::tile_begin(L), Plan::stride(L)>(row);
  }
  /// The rows' numbers of another tile, where there is room for two.
  TINYNET_DEVICE typename Plan::Number* next_input(int row) const {
    return input_of(row, (buffer_ + 1) % Plan::input_buffers);
  }
  /// That one becomes input<0>.
  TINYNET_DEVICE void go_on() { buffer_ = (buffer_ + 1) % Plan::input_buffers; }

  /// On the way forward the derivatives of layer L's function, on the way back the loss's derivatives by what it was
  /// applied to.
  template <int L>
  TINYNET_DEVICE Scalar* delta(int row) const {
    return at<Scalar, Plan::delta_begin(L), Plan::delta_stride(L)>(row);
  }

  /// A part of a sum that gives outputs of layer L.
  template <int L>
  TINYNET_DEVICE Scalar* slice(int number, int row) const {
    return at<Scalar, Plan::slices_begin(), Plan::slice_stride(L)>(number * Plan::tile_rows + row);
  }

 private:
  template <class Number, int Begin, int Stride>
  TINYNET_DEVICE Number* at(int row) const {
    return reinterpret_cast<Number*>(shared_ + Begin) + row * Stride;
  }

  TINYNET_DEVICE typename Plan::Number* input_of(int row, int buffer) const {
    return at<typename Plan::Number, Plan::tile_begin(0), Plan::stride(0)>(buffer * Plan::tile_rows + row);
  }

  std::byte* shared_;
  int buffer_ = 0;
};

}  // namespace tinynet::detail::gpu
