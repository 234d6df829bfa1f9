// A tensor with the name that it has in files.
#pragma once

#include <string>
#include <tinynet/core/eigen.hpp>
#include <vector>

namespace tinynet {

/// A view of row-major numbers that somebody else owns, under the name PyTorch would give them ("l1.weight").
/// `Scalar` is const where the numbers are only read.
template <class Scalar>
struct NamedTensor {
  std::string name;          ///< as in PyTorch's state_dict
  std::vector<Index> shape;  ///< empty for a single number
  Scalar* data;              ///< the numbers, row by row; not owned

  /// How many numbers there are.
  Index size() const {
    Index product = 1;
    for (const Index n : shape) product *= n;
    return product;
  }
};

}  // namespace tinynet
