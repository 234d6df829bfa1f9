// Which nets are chains of linear layers and elementwise activations, and what their stages are.
#pragma once

#include <tinynet/cpu/fused_mlp.hpp>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tuple>

namespace tinynet::detail {

/// A fused step is made for sizes that are known, at most this large, and for at most so many layers.
inline constexpr Index most_fused_features = 1024;
inline constexpr std::size_t most_fused_stages = 16;

template <class T>
inline constexpr bool is_fusible_linear = false;
template <Index In, Index Out, class Scalar>
inline constexpr bool is_fusible_linear<Linear<In, Out, Scalar>> =
    has_pack<Scalar>&& In != dynamic&& Out != dynamic&& In <= most_fused_features&& Out <= most_fused_features;

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
struct IsChain<First, Rest...> : std::bool_constant<is_fusible_linear<First> && IsChain<Rest...>::value> {};
template <class First, FusibleActivation Second, class... Rest>
struct IsChain<First, Second, Rest...> : std::bool_constant<is_fusible_linear<First> && IsChain<Rest...>::value> {};

template <Index In, Index Out, class Scalar, class Function>
Stage<Scalar, In, Out, Function> make_stage(const Linear<In, Out, Scalar>& layer, const Function& function) {
  return {layer.weight().data(), layer.has_bias() ? layer.bias().data() : nullptr, function};
}

inline std::tuple<> chain_stages() { return {}; }
template <class First, class... Rest>
auto chain_stages(const First& first, const Rest&... rest) {
  if constexpr (sizeof...(Rest) == 0) {
    return std::make_tuple(make_stage(first, Identity{}));
  } else {
    return []<class Next, class... Others>(const First& layer, const Next& next, const Others&... others) {
      if constexpr (FusibleActivation<Next>)
        return std::tuple_cat(std::make_tuple(make_stage(layer, next.function())), chain_stages(others...));
      else
        return std::tuple_cat(std::make_tuple(make_stage(layer, Identity{})), chain_stages(next, others...));
    }(first, rest...);
  }
}

/// The stages of a net, from its first layer to its last; there is no such function for nets that cannot be fused.
template <class... Modules>
requires(sizeof...(Modules) > 0 && IsChain<Modules...>::value &&
         sizeof...(Modules) <= 2 * most_fused_stages) auto stages_of(const Sequential<Modules...>& net) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return chain_stages(net.template get<I>()...); }
  (std::make_index_sequence<sizeof...(Modules)>{});
}

template <class Scalar, FusibleActivation Activation, Index... Sizes>
requires(has_pack<Scalar> && ((Sizes <= most_fused_features) && ...) &&
         sizeof...(Sizes) <= most_fused_stages + 1) auto stages_of(const BasicMLP<Scalar, Activation, Sizes...>& net) {
  using Net = BasicMLP<Scalar, Activation, Sizes...>;
  return [&]<Index... I>(std::integer_sequence<Index, I...>) {
    const auto stage = [&]<Index L>(std::integral_constant<Index, L>) {
      if constexpr (L + 1 < Net::layers)
        return make_stage(net.template layer<L>(), net.activation().function());
      else
        return make_stage(net.template layer<L>(), Identity{});
    };
    return std::make_tuple(stage(std::integral_constant<Index, I>{})...);
  }
  (std::make_integer_sequence<Index, Net::layers>{});
}

template <class Net>
concept Fusible = requires(const Net& net) {
  stages_of(net);
};

}  // namespace tinynet::detail
