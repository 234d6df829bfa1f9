// Which nets kernels can be generated for, and the list of layers that these get.
#include <doctest/doctest.h>

#include <tinynet/cuda/kernel_net.hpp>
#include <tinynet/nn/dropout.hpp>

using namespace tinynet;

namespace {

struct Somewhere {};
using There = detail::On<float, Somewhere>;
template <Index In, Index Out>
using Layer = Linear<In, Out, There>;

template <class Net>
using Layers = decltype(detail::KernelNet<Net>::layers(std::declval<const Net&>()));

}  // namespace

TEST_CASE("nets that have kernels") {
  using Perceptron = BasicMLP<There, Tanh, 5, 8, 3>;
  CHECK(detail::HasKernels<Perceptron>);
  CHECK(std::is_same_v<Layers<Perceptron>,
                       detail::gpu::LayerList<detail::gpu::Layer<5, 8, functions::Tanh>, detail::gpu::Layer<8, 3>>>);
  using Chain = Sequential<Layer<5, 8>, LeakyReLU, Layer<8, 4>, Layer<4, 3>, Sigmoid>;
  CHECK(detail::HasKernels<Chain>);
  CHECK(std::is_same_v<Layers<Chain>,
                       detail::gpu::LayerList<detail::gpu::Layer<5, 8, functions::LeakyReLU>, detail::gpu::Layer<8, 4>,
                                              detail::gpu::Layer<4, 3, functions::Sigmoid>>>);
}

TEST_CASE("nets that have none") {
  CHECK_FALSE(detail::HasKernels<MLP<5, 8, 3>>);  // on the CPU
  CHECK_FALSE(detail::HasKernels<DynamicMLP<There>>);
  CHECK_FALSE(detail::HasKernels<Sequential<ReLU, Layer<5, 8>>>);
  CHECK_FALSE(detail::HasKernels<Sequential<Layer<5, 8>, ReLU, ReLU>>);
  CHECK_FALSE(detail::HasKernels<Sequential<Layer<5, 8>, Dropout, Layer<8, 3>>>);
  CHECK_FALSE(detail::HasKernels<Sequential<Layer<5, 8>, Softmax>>);
  CHECK_FALSE(detail::HasKernels<Sequential<Linear<dynamic, dynamic, There>>>);
  CHECK_FALSE(detail::HasKernels<Sequential<>>);
}
