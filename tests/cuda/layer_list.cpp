#include <doctest/doctest.h>

#include <tinynet/autodiff/functions.hpp>
#include <tinynet/cuda/layer_list.hpp>

namespace gpu = tinynet::detail::gpu;
namespace functions = tinynet::functions;

using Main = decltype(gpu::perceptron<784, 30, 30, 10>(functions::ReLU{}));
static_assert(std::is_same_v<Main, gpu::LayerList<gpu::Layer<784, 30, functions::ReLU>,
                                                  gpu::Layer<30, 30, functions::ReLU>, gpu::Layer<30, 10>>>);
static_assert(Main::size == 3 && Main::parameters == 24790);
static_assert(Main::weight_begin(0) == 0 && Main::bias_begin(0) == 784 * 30);
static_assert(Main::weight_begin(1) == 785 * 30 && Main::bias_begin(2) == 24780);
static_assert(std::is_trivially_copyable_v<Main>);  // a kernel's arguments are copied byte by byte

TEST_CASE("layers without a bias, and functions with numbers of their own") {
  using Leaky = functions::LeakyReLU;
  const gpu::LayerList net(gpu::Layer<3, 4, Leaky, false>{Leaky(0.25)}, gpu::Layer<4, 2, functions::Tanh>{});
  using Net = std::remove_const_t<decltype(net)>;
  CHECK(Net::parameters == 12 + 10);
  CHECK(Net::inputs[0] == 3);
  CHECK(Net::inputs[1] == 5);
  CHECK(Net::weight_begin(1) == 12);
  CHECK(net.function<0>()(-1.0) == -0.25);
  CHECK(net.function<1>()(0.0) == 0.0);
  CHECK(gpu::Identity{}(3.5) == 3.5);
  CHECK(gpu::Identity{}.derivative(3.5, 3.5) == 1);
}
