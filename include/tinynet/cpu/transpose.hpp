// Transposing matrices a square of packs at a time.
#pragma once

#include <tinynet/core/math.hpp>

namespace tinynet::detail {

/// Calls put(j, i, numbers) for every column j < cols and i = 0, size, 2 size, ... < rows, where the pack `numbers`
/// holds the column's numbers of the rows i to i + size, and 0 for rows that do not exist. from(i) gives where row i
/// begins.
template <class Scalar, class From, class Put>
void transpose(Index rows, Index cols, const From& from, const Put& put) {
  using P = Pack<Scalar>;
  for (Index j = 0; j < cols; j += P::size)
    for (Index i = 0; i < rows; i += P::size) {
      const Index height = std::min(P::size, rows - i), width = std::min(P::size, cols - j);
      P block[P::size];
      for (Index k = 0; k < height; ++k)
        block[k] = width == P::size ? P::load(from(i + k) + j) : P::load(from(i + k) + j, width);
      for (Index k = height; k < P::size; ++k) block[k] = P(Scalar(0));
      P::transpose(block);
      for (Index k = 0; k < width; ++k) put(j + k, i, block[k]);
    }
}

}  // namespace tinynet::detail
