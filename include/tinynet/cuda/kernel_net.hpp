// Nets as the kernels of the fused step take them: a list of layers whose sizes are part of its type.
#pragma once

#include <tinynet/cuda/layer_list.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/sequential.hpp>

namespace tinynet::detail {

/// `layers(net)`, the list, for nets on a device that the kernels can be generated for: a chain of linear layers of
/// static sizes, each with an elementwise activation or without.
template <class Net>
struct KernelNet;

template <class Number, class Device, FusibleActivation Activation, Index... Sizes>
struct KernelNet<BasicMLP<On<Number, Device>, Activation, Sizes...>> {
  static auto layers(const BasicMLP<On<Number, Device>, Activation, Sizes...>& net) {
    return gpu::perceptron<static_cast<int>(Sizes)...>(net.activation().function());
  }
};

template <class... Modules>
struct IsKernelChain : std::bool_constant<sizeof...(Modules) == 0> {};
template <Index In, Index Out, class Number, class Device, class... Rest>
requires(In != dynamic && Out != dynamic) struct IsKernelChain<Linear<In, Out, On<Number, Device>>, Rest...>
    : IsKernelChain<Rest...> {
};
template <Index In, Index Out, class Number, class Device, FusibleActivation Activation, class... Rest>
requires(In != dynamic && Out != dynamic) struct IsKernelChain<Linear<In, Out, On<Number, Device>>, Activation, Rest...>
    : IsKernelChain<Rest...> {
};

template <class... Modules>
requires(sizeof...(Modules) > 0 && IsKernelChain<Modules...>::value) struct KernelNet<Sequential<Modules...>> {
  static auto layers(const Sequential<Modules...>& net) { return from<0>(net); }

 private:
  template <std::size_t I>
  using Module = std::tuple_element_t<std::min(I, sizeof...(Modules) - 1), std::tuple<Modules...>>;

  template <std::size_t I, class... Layers>
  static auto from(const Sequential<Modules...>& net, const Layers&... before) {
    if constexpr (I == sizeof...(Modules)) {
      return gpu::LayerList<Layers...>(before...);
    } else {
      constexpr int in = static_cast<int>(Module<I>::InFeatures), out = static_cast<int>(Module<I>::OutFeatures);
      if constexpr (I + 1 < sizeof...(Modules) && FusibleActivation<Module<I + 1>>)
        return from<I + 2>(net, before...,
                           gpu::Layer<in, out, typename Module<I + 1>::Function>{net.template get<I + 1>().function()});
      else
        return from<I + 1>(net, before..., gpu::Layer<in, out>{});
    }
  }
};

template <class Net>
concept HasKernels = requires(const Net& net) {
  KernelNet<Net>::layers(net);
};

}  // namespace tinynet::detail
