#include <doctest/doctest.h>

#include <array>
#include <tinynet/cuda/operands.hpp>

namespace gpu = tinynet::detail::gpu;

namespace {

// Weights of 100 l + 10 unit + input, biases of 1000 + 100 l + unit, in an array of exactly their size.
template <class Net>
struct Numbers {
  alignas(32) std::array<double, Net::parameters> number;

  Numbers() {
    for (int l = 0; l < Net::size; ++l) {
      const auto i = static_cast<std::size_t>(l);
      for (int j = 0; j < Net::out[i]; ++j) {
        for (int k = 0; k < Net::in[i]; ++k) at(Net::weight_begin(l) + j * Net::in[i] + k) = 100 * l + 10 * j + k;
        if (Net::inputs[i] > Net::in[i]) at(Net::bias_begin(l) + j) = 1000 + 100 * l + j;
      }
    }
  }
  double& at(int i) { return number[static_cast<std::size_t>(i)]; }
};

template <class Net, int L>
void check_layer(const gpu::Weights<Net, double>& weights, double scale) {
  constexpr int in = Net::in[L], inputs = Net::inputs[L], out = Net::out[L];
  for (int j = 0; j < out + 9; ++j)  // there are operands for 8 at a time
    for (int k = 0; k < inputs + 16; k += 4) {
      const auto quad = weights.template of_unit<L>(j, k);
      for (int i = 0; i < 4 && k + i < inputs && j < out; ++i)
        CHECK(quad.number[i] == (k + i < in ? scale * (100 * L + 10 * j + k + i) : 1000 + 100 * L + j));
    }
  for (int k = 0; k < in + 9; ++k)
    for (int j = 0; j < out + 16; j += 4) {
      const auto quad = weights.template of_input<L>(k, j);
      for (int i = 0; i < 4 && j + i < out && k < in; ++i) CHECK(quad.number[i] == 100 * L + 10 * (j + i) + k);
    }
}

}  // namespace

TEST_CASE("weights and biases by unit and by input, and nothing read beyond them") {
  using Net = gpu::LayerList<gpu::Layer<8, 5>, gpu::Layer<5, 3, gpu::Identity, false>, gpu::Layer<3, 1>>;
  const Numbers<Net> numbers;
  const gpu::Weights<Net, double> weights(numbers.number.data(), 0.5);
  check_layer<Net, 0>(weights, 0.5);
  check_layer<Net, 1>(weights, 1);
  check_layer<Net, 2>(weights, 1);
  using Bare = gpu::LayerList<gpu::Layer<4, 2, gpu::Identity, false>>;
  const Numbers<Bare> bare;
  check_layer<Bare, 0>(gpu::Weights<Bare, double>(bare.number.data(), 2), 2);
}

TEST_CASE("four bytes or numbers at once") {
  alignas(16) const std::uint8_t bytes[] = {1, 2, 3, 255};
  CHECK(gpu::aligned_quad<float>(bytes).number[3] == 255);
  alignas(32) const double numbers[] = {1, 2, 3, 4};
  CHECK(gpu::aligned_quad<double>(numbers).number[2] == 3);
}
