#include <doctest/doctest.h>

// After torch.manual_seed(11), on float tensors.
#include <algorithm>
#include <array>
#include <cmath>
#include <tinynet/nn/init.hpp>

using namespace tinynet;

namespace {

// The largest distance of what `fill(matrix, generator)` gives from PyTorch's.
template <Index Rows, Index Cols, std::size_t Size, class Fill>
float distance(const std::array<float, Size>& expected, Fill fill) {
  static_assert(Rows * Cols == Size);
  Generator generator{Seed{11}};
  Matrix<float, Rows, Cols> numbers;
  fill(numbers, generator);
  float largest = 0;
  for (std::size_t i = 0; i < Size; ++i) largest = std::max(largest, std::abs(numbers.data()[i] - expected[i]));
  return largest;
}

}  // namespace

TEST_CASE("uniform numbers are PyTorch's, bit for bit") {
  CHECK(distance<2, 3>(std::array{-0x1.3529a0p-3f, 0x1.7e0f90p-3f, 0x1.5f0f06p-1f, -0x1.0d8390p-3f, 0x1.22c210p-2f,
                                  0x1.930ba8p-2f},
                       [](auto& w, auto& g) { init::uniform(w, -0.3, 0.7, g); }) == 0);
  CHECK(distance<2, 3>(std::array{-0x1.481198p+0f, -0x1.923c4cp-5f, 0x1.c5fc92p+0f, -0x1.35f8c0p+0f, 0x1.39dfdep-2f,
                                  0x1.69f1f8p-1f},
                       [](auto& w, auto& g) { init::xavier_uniform(w, g, init::Gain::tanh()); }) == 0);
  CHECK(distance<2, 3>(std::array{-0x1.fc3decp-1f, -0x1.379200p-5f, 0x1.5fa810p+0f, -0x1.e034bep-1f, 0x1.e64094p-3f,
                                  0x1.185c8ep-1f},
                       [](auto& w, auto& g) { init::kaiming_uniform(w, g); }) == 0);
  CHECK(distance<2, 3>(std::array{-0x1.f25f46p-1f, -0x1.318512p-5f, 0x1.58d3dap+0f, -0x1.d6e178p-1f, 0x1.dccf40p-3f,
                                  0x1.12eac8p-1f},
                       [](auto& w, auto& g) { init::kaiming_uniform(w, g, init::Gain::leaky_relu(0.2)); }) == 0);
}

// 16 numbers and more are drawn in another way than fewer, and what is beyond a multiple of 16 in a third.
TEST_CASE("normal numbers are PyTorch's within 1e-6") {
  CHECK(distance<4, 5>(std::array{-0x1.ed2480p-3f, 0x1.f05d94p-2f, -0x1.54f208p-3f, 0x1.daf612p-5f,  -0x1.2a8fbcp-4f,
                                  -0x1.08a2b0p-1f, 0x1.49d73ep-1f, 0x1.4cba9ep-2f,  0x1.1f7718p-5f,  -0x1.63d9eep-4f,
                                  0x1.8042f0p-2f,  0x1.cf0a36p-2f, 0x1.e6f3c6p-1f,  -0x1.1a0f32p-1f, -0x1.3f9b3ap-1f,
                                  0x1.0ff328p-1f,  0x1.cd4da6p-1f, 0x1.1f9b82p-3f,  -0x1.53e49ap-2f, 0x1.e113c8p-3f},
                       [](auto& w, auto& g) { init::xavier_normal(w, g); }) < 1e-6f);
  CHECK(distance<2, 3>(std::array{0x1.345cfcp-1f, 0x1.96be84p+0f, -0x1.2470d4p-1f, -0x1.1035d4p+0f, -0x1.ad227ap-2f,
                                  -0x1.c2da92p-3f},
                       [](auto& w, auto& g) { init::kaiming_normal(w, g); }) < 1e-6f);
  CHECK(distance<4, 4>(std::array{-0x1.71db60p-2f, 0x1.74462ep-1f, -0x1.ff6b0ap-3f, 0x1.64388cp-4f, -0x1.06eb40p-3f,
                                  -0x1.0f06fap+0f, 0x1.9b9426p-4f, -0x1.7b9efcp-2f, -0x1.6835b6p-3f, -0x1.7c500ap-2f,
                                  0x1.05c5f6p+1f, -0x1.ae9e54p-2f, 0x1.daef30p-1f, 0x1.fe029ep-3f, -0x1.dc2036p-1f,
                                  -0x1.725dcap-8f},
                       [](auto& w, auto& g) { init::kaiming_normal(w, g); }) < 1e-6f);
}

TEST_CASE("a column-major matrix gets the same numbers in the same places, and double those of float") {
  Generator first{Seed{3}}, second{Seed{3}};
  Matrix<float, 3, 4> rows;
  Eigen::Matrix<double, 3, 4> columns;
  init::xavier_uniform(rows, first);
  init::xavier_uniform(columns, second);
  CHECK(rows.cast<double>() == columns);
  init::normal(rows, 1, 2, first);
  init::normal(columns, 1, 2, second);
  CHECK(rows.cast<double>() == columns);
}

TEST_CASE("gains are PyTorch's calculate_gain") {
  CHECK(init::Gain::linear().value == 1);
  CHECK(init::Gain::tanh().value == 1.6666666666666667);
  CHECK(init::Gain::relu().value == 1.4142135623730951);
  CHECK(init::Gain::leaky_relu(0.2).value == 1.3867504905630728);
}

TEST_CASE("zeros and constants") {
  Matrix<float, 2, 3> w = Matrix<float, 2, 3>::Ones();
  init::zeros(w);
  CHECK((w.array() == 0).all());
  init::constant(w, 0.25);
  CHECK((w.array() == 0.25f).all());
}
