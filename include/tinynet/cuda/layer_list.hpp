// A chain of linear layers and elementwise functions as the kernels see it: all sizes are part of the type.
#pragma once

#include <array>
#include <cstddef>
#include <tinynet/core/host_device.hpp>
#include <utility>

namespace tinynet::detail::gpu {

/// No activation.
struct Identity {
  template <class T>
  constexpr T operator()(T x) const {
    return x;
  }
  template <class T>
  constexpr T derivative(T, T) const {
    return T(1);
  }
};

/// y = f(x W^T + b), W [Out, In] row-major, or without b.
template <int In, int Out, class Function = Identity, bool Bias = true>
struct Layer {
  static constexpr int in = In, out = Out;
  /// A bias is the weight of one more input that is always 1: it needs no code of its own.
  static constexpr int inputs = In + (Bias ? 1 : 0);
  static constexpr int parameters = inputs * out;
  Function function{};
};

/// Layers one after another, by value, as a kernel takes its arguments. Their parameters are one flat vector in
/// PyTorch's order: the first layer's weight, its bias, the next layer's weight, ...
template <class... Layers>
struct LayerList;

template <>
struct LayerList<> {};

template <class First, class... Rest>
struct LayerList<First, Rest...> {
  static constexpr int size = 1 + static_cast<int>(sizeof...(Rest));
  /// Of layer l: the inputs with and without the 1, the outputs.
  static constexpr std::array<int, size> in{First::in, Rest::in...}, inputs{First::inputs, Rest::inputs...},
      out{First::out, Rest::out...};
  static constexpr int parameters = (First::parameters + ... + Rest::parameters);

  constexpr LayerList() = default;
  constexpr explicit LayerList(First f, Rest... r) : first(f), rest(r...) {}

  /// Where layer l's weight begins in the flat vector; its bias, if it has one, follows.
  static constexpr int weight_begin(int l) {
    constexpr int sizes[] = {First::parameters, Rest::parameters...};
    int begin = 0;
    for (int i = 0; i < l; ++i) begin += sizes[i];
    return begin;
  }
  static constexpr int bias_begin(int l) {
    constexpr int weights[] = {First::in * First::out, (Rest::in * Rest::out)...};
    return weight_begin(l) + weights[l];
  }

  template <int L>
  constexpr const auto& function() const {
    if constexpr (L == 0)
      return first.function;
    else
      return rest.template function<L - 1>();
  }

  First first{};
  LayerList<Rest...> rest{};
};

template <class... Layers>
LayerList(Layers...) -> LayerList<Layers...>;

/// The layers of a multi-layer perceptron of these sizes, with `function` between them.
template <int... Sizes, class Function>
constexpr auto perceptron(Function function) {
  constexpr std::array sizes{Sizes...};
  const auto layer = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    if constexpr (I + 2 == sizes.size())
      return Layer<sizes[I], sizes[I + 1]>{};
    else
      return Layer<sizes[I], sizes[I + 1], Function>{function};
  };
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return LayerList(layer(std::integral_constant<std::size_t, I>{})...);
  }
  (std::make_index_sequence<sizes.size() - 1>{});
}

}  // namespace tinynet::detail::gpu
