// Where the operands of the fused step's products come from: four numbers at a time, from tiles in shared memory and
// from the weights.
#pragma once

#include <algorithm>
#include <cstring>
#include <tinynet/cuda/fragment.hpp>
#include <tinynet/cuda/layer_list.hpp>

namespace tinynet::detail::gpu {

/// number(0), ..., number(3).
template <class Scalar, class F>
TINYNET_DEVICE Quad<Scalar> quad_of(const F& number) {
  Quad<Scalar> quad;
  TINYNET_UNROLL
  for (int i = 0; i < 4; ++i) quad.number[i] = static_cast<Scalar>(number(i));
  return quad;
}

/// Four numbers in a row, of which the first has an address that is a multiple of the size of all.
template <class Scalar, class Number>
TINYNET_DEVICE Quad<Scalar> aligned_quad(const Number* numbers) {
  Quad<Number> quad;
  std::memcpy(&quad, __builtin_assume_aligned(numbers, sizeof quad), sizeof quad);
  return quad_of<Scalar>([&quad](int i) { return quad.number[i]; });
}

/// most = max(most, |number|) for the numbers of a quad; what is not a number is the largest of all.
TINYNET_DEVICE void include_sizes(float& most, const Quad<float>& quad) {
  auto bits = std::bit_cast<std::uint32_t>(most);
  TINYNET_UNROLL
  for (int i = 0; i < 4; ++i) bits = std::max(bits, std::bit_cast<std::uint32_t>(quad.number[i]) & 0x7FFFFFFFu);
  most = std::bit_cast<float>(bits);
}

/// The parameters of a net as operands, those of the first layer times the scale of the input. Loads without branches
/// can be under way together, so where an operand is larger than the matrix some other parameter is read: it goes into
/// sums that are not used, or is multiplied by 0.
template <class Net, class Scalar>
class Weights {
 public:
  /// `parameters` begins at a multiple of 4 numbers.
  TINYNET_DEVICE Weights(const Scalar* parameters, Scalar scale) : parameters_(parameters), scale_(scale) {}

  /// W[unit][k], ..., W[unit][k + 3] of layer L, and the bias where k is the number of inputs; k is a multiple of 4.
  template <int L>
  TINYNET_DEVICE Quad<Scalar> of_unit(int unit, int k) const {
    constexpr int in = Net::in[L], begin = Net::weight_begin(L), bias_begin = Net::bias_begin(L);
    const int row = std::min(unit, Net::out[L] - 1);
    const Scalar* const weight = parameters_ + begin + row * in;
    const Scalar* const bias = Net::inputs[L] > in ? parameters_ + bias_begin + row : weight;
    const Scalar scale = L == 0 ? scale_ : Scalar(1);
    if constexpr (in % 4 == 0 && begin % 4 == 0) {
      const auto quad = aligned_quad<Scalar>(weight + std::min(k, in - 4));
      return quad_of<Scalar>([&](int i) { return i == 0 && k >= in ? *bias : quad.number[i] * scale; });
    } else {
      return quad_of<Scalar>([&](int i) {
        const Scalar number = *(k + i < in ? weight + k + i : bias);
        return k + i < in ? number * scale : number;
      });
    }
  }

  /// W[k][input], ..., W[k + 3][input] of layer L.
  template <int L>
  TINYNET_DEVICE Quad<Scalar> of_input(int input, int k) const {
    constexpr int in = Net::in[L], begin = Net::weight_begin(L);
    const Scalar* const column = parameters_ + begin + std::min(input, in - 1);
    return quad_of<Scalar>([&](int i) { return column[std::min(k + i, Net::out[L] - 1) * in]; });
  }

 private:
  const Scalar* parameters_;
  Scalar scale_;
};

}  // namespace tinynet::detail::gpu
