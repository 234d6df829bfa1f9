// A net as one would write it with Eigen's matrix products alone. Its start comes from tinynet, the arithmetic is
// Eigen's.
#pragma once

#include <Eigen/Core>
#include <tinynet/nn/mlp.hpp>
#include <vector>

namespace bench {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::RowVectorXf;

struct Layer {
  Matrix weight;  // [out, in]
  Row bias;
  Matrix y, dy;
};

inline std::vector<Layer> make_layers(const std::vector<Eigen::Index>& shape) {
  std::vector<Layer> layers;
  const tinynet::DynamicMLP<float> start(shape);
  for (const auto& layer : start.layers()) layers.push_back({layer.weight().value(), layer.bias().value(), {}, {}});
  return layers;
}

/// The outputs of the last layer; those of the others are kept in their y.
template <class X>
Matrix& forward(std::vector<Layer>& layers, const X& x) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    Layer& layer = layers[l];
    if (l == 0)
      layer.y.noalias() = x * layer.weight.transpose();
    else
      layer.y.noalias() = layers[l - 1].y * layer.weight.transpose();
    layer.y.rowwise() += layer.bias;
    if (l + 1 < layers.size()) layer.y = layer.y.cwiseMax(0.0f);
  }
  return layers.back().y;
}

}  // namespace bench
