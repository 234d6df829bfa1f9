// Transposing matrices a square of packs at a time.
#pragma once

#include <tinynet/core/math.hpp>

namespace tinynet::detail {

/// to(j)[i] = from(i)[j] for i < rows, j < cols, where from(i) and to(j) give where a row begins. If Padded, there is
/// room for whole packs in each to(j), and what is behind the last row becomes 0.
template <bool Padded, class Scalar, class From, class To>
void transpose(Index rows, Index cols, const From& from, const To& to) {
  using P = Pack<Scalar>;
  for (Index i = 0; i < rows; i += P::size)
    for (Index j = 0; j < cols; j += P::size) {
      const Index height = std::min(P::size, rows - i), width = std::min(P::size, cols - j);
      P block[P::size];
      for (Index k = 0; k < height; ++k)
        block[k] = width == P::size ? P::load(from(i + k) + j) : P::load(from(i + k) + j, width);
      for (Index k = height; k < P::size; ++k) block[k] = P(Scalar(0));
      P::transpose(block);
      for (Index k = 0; k < width; ++k) {
        Scalar* const target = to(j + k) + i;
        if (Padded || height == P::size)
          block[k].store(target);
        else
          block[k].store(target, height);
      }
    }
}

}  // namespace tinynet::detail
