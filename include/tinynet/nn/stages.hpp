// Chains of linear layers and elementwise activations as the fused kernels see them: a list of stages.
#pragma once

#include <array>
#include <span>
#include <tinynet/cpu/fused_weights.hpp>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/linear.hpp>

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

/// A net that has `stages()`, and so is a chain of linear layers and elementwise activations.
template <class Net>
concept Fusible = requires(const Net& net) {
  net.stages();
};

}  // namespace tinynet::detail
