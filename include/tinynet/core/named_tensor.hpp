// A tensor with the name that it has in files.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <tinynet/core/eigen.hpp>
#include <type_traits>
#include <vector>

namespace tinynet {

/// A view of numbers that somebody else owns, under the name PyTorch would give them ("l1.weight"). They lie row by
/// row, but for buffers that are Eigen matrices of another order, which have strides: `tensor[i]` is number i in any
/// case. `Scalar` is const where the numbers are only read.
template <class Scalar>
struct NamedTensor {
  std::string name;                 ///< as in PyTorch's state_dict
  std::vector<Index> shape;         ///< empty for a single number
  Scalar* data;                     ///< the first number; not owned
  std::vector<Index> strides = {};  ///< from one number to the next along each dimension; empty: they lie row by row

  /// How many numbers there are.
  Index size() const {
    Index product = 1;
    for (const Index n : shape) product *= n;
    return product;
  }

  /// Number i, counted row by row.
  Scalar& operator[](Index i) const {
    if (strides.empty()) return data[i];
    Index place = 0;
    for (std::size_t d = shape.size(); d-- > 0; i /= shape[d]) place += i % shape[d] * strides[d];
    return data[place];
  }

  /// The same to be read.
  template <class Same>
  requires(std::is_same_v<Same, Scalar> && !std::is_const_v<Same>) operator NamedTensor<const Same>() const {
    return {name, shape, data, strides};
  }
};

/// One of a tensor's numbers.
struct TensorNumber {
  std::string tensor;  ///< the tensor's name
  Index index = 0;     ///< which of its numbers, row by row from 0
  double value = 0;    ///< the number itself

  /// "l1.weight's number 3"
  std::string place() const { return tensor + "'s number " + std::to_string(index); }
};

/// The first number that is NaN or infinite, if there is one.
template <class Scalar>
std::optional<TensorNumber> first_nonfinite(const std::vector<NamedTensor<Scalar>>& tensors) {
  for (const NamedTensor<Scalar>& t : tensors)
    for (Index i = 0, size = t.size(); i < size; ++i)
      if (const auto number = static_cast<double>(t[i]); !std::isfinite(number)) return TensorNumber{t.name, i, number};
  return std::nullopt;
}

}  // namespace tinynet
