// Which nets are chains of linear layers and elementwise activations, and what their stages are.
#pragma once

#include <array>
#include <span>
#include <tinynet/cpu/fused_mlp.hpp>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/sequential.hpp>

namespace tinynet::detail {

/// The stages of a net, in a place of their own; none if the net has more than there is room for.
template <class Scalar>
struct StageList {
  std::array<Stage<Scalar>, static_cast<std::size_t>(most_fused_stages)> stage;
  std::size_t size = 0;

  std::span<const Stage<Scalar>> span() const { return {stage.data(), size}; }

  template <Index In, Index Out>
  void add(const Linear<In, Out, Scalar>& layer) {
    stage[size++] = {layer.in_features(),
                     layer.out_features(),
                     layer.weight().data(),
                     layer.has_bias() ? layer.bias().data() : nullptr,
                     {}};
  }
  template <class Activation>
  void add(const Activation& activation) {
    stage[size - 1].function = TileFunction<Scalar>(activation.function());
  }
};

template <class T>
inline constexpr bool is_linear = false;
template <Index In, Index Out, class Scalar>
inline constexpr bool is_linear<Linear<In, Out, Scalar>> = has_pack<Scalar>;

template <class T>
concept FusibleActivation = requires(const T& m) {
  typename T::Function;
  { m.function() } -> std::same_as<const typename T::Function&>;
  requires vectorized<typename T::Function>;
};

/// Linear (activation)? Linear (activation)? ...
template <class... Modules>
struct IsChain : std::bool_constant<sizeof...(Modules) == 0> {};
template <class First, class... Rest>
struct IsChain<First, Rest...> : std::bool_constant<is_linear<First> && IsChain<Rest...>::value> {};
template <class First, FusibleActivation Second, class... Rest>
struct IsChain<First, Second, Rest...> : std::bool_constant<is_linear<First> && IsChain<Rest...>::value> {};

/// The stages of a net, from its first layer to its last; there is no such function for nets that are no chains.
template <class... Modules>
requires(sizeof...(Modules) > 0 && IsChain<Modules...>::value &&
         (0 + ... + is_linear<Modules>) <= most_fused_stages) auto stages_of(const Sequential<Modules...>& net) {
  StageList<typename Sequential<Modules...>::Scalar> list;
  Sequential<Modules...>::members(net, [&](const char*, const auto& module) { list.add(module); });
  return list;
}

template <class Scalar, FusibleActivation Activation, Index... Sizes>
requires(has_pack<Scalar>&& static_cast<Index>(sizeof...(Sizes)) <=
         most_fused_stages + 1) auto stages_of(const BasicMLP<Scalar, Activation, Sizes...>& net) {
  StageList<Scalar> list;
  BasicMLP<Scalar, Activation, Sizes...>::members(net, [&](const char*, const auto& layer) {
    if (list.size > 0) list.add(net.activation());
    list.add(layer);
  });
  return list;
}

template <class Scalar>
requires has_pack<Scalar>
auto stages_of(const DynamicMLP<Scalar>& net) {
  StageList<Scalar> list;
  if (static_cast<Index>(net.layers().size()) > most_fused_stages) return list;
  for (const auto& layer : net.layers()) {
    if (list.size > 0) std::visit([&list](const auto& activation) { list.add(activation); }, net.activation());
    list.add(layer);
  }
  return list;
}

template <class Net>
concept Fusible = requires(const Net& net) {
  stages_of(net);
};

}  // namespace tinynet::detail
