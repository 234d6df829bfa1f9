// A net of dlib's layers, which starts as tinynet's does.
#pragma once

#include <dlib/dnn.h>

#include <tinynet/nn/mlp.hpp>
#include <vector>

namespace bench {

using Input = dlib::input<dlib::matrix<float>>;
template <class Below>
using Hidden = dlib::relu<dlib::fc<1, Below>>;

/// Nets of two and three linear layers; how wide they are is said at run time.
using Two = dlib::fc<1, Hidden<Input>>;
using Three = dlib::fc<1, Hidden<Hidden<Input>>>;

/// Numbers as dlib holds them: a row an example.
inline void copy_rows(const tinynet::Matrix<float>& rows, dlib::resizable_tensor& to) {
  to.set_size(rows.rows(), 1, 1, rows.cols());
  std::copy_n(rows.data(), rows.size(), to.host_write_only());
}

/// Gives the linear layers their widths and weights: layers 0, 2, 4 below `net`, the last first.
template <class Net>
void initialise(Net& net, const std::vector<tinynet::Index>& shape) {
  const tinynet::DynamicMLP<float> start(shape);
  const auto& layers = start.layers();
  constexpr std::size_t count = std::is_same_v<Net, Two> ? 2 : 3;
  const auto linear = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) -> auto& {
    return dlib::layer<2 * (count - 1 - I)>(net);
  };
  const auto each = [&](const auto& use) {
    use(std::integral_constant<std::size_t, 0>{});
    use(std::integral_constant<std::size_t, 1>{});
    if constexpr (count == 3) use(std::integral_constant<std::size_t, 2>{});
  };
  each([&](auto i) { linear(i).layer_details().set_num_outputs(static_cast<long>(shape[i + 1])); });

  // The first forward pass makes the weights: [in, out], and then the biases.
  const dlib::matrix<float> zeros = dlib::zeros_matrix<float>(1, static_cast<long>(shape.front()));
  dlib::resizable_tensor row;
  net.to_tensor(&zeros, &zeros + 1, row);
  net.forward(row);
  each([&](auto i) {
    const auto& layer = layers[i];
    float* const numbers = linear(i).layer_details().get_layer_params().host();
    const auto in = layer.in_features(), out = layer.out_features();
    tinynet::MatrixView<float>(numbers, in, out) = layer.weight().value().transpose();
    tinynet::MatrixView<float>(numbers + in * out, 1, out) = layer.bias().value();
  });
}

}  // namespace bench
