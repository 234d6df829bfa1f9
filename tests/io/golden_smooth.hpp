// A trained net, written by tinynet. It needs C++17 and nothing else: no heap, no exceptions, no library.
// clang-format off
#pragma once

#include <cmath>
#include <cstddef>

namespace golden::smooth {

inline constexpr std::size_t inputs = 3, outputs = 2;

namespace detail {

// 0: Linear(in_features=3, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight1[3][2] = {
    {-0.75f, -1.25f},
    {0.5f, 0.0f},
    {1.75f, 1.25f},
};
inline constexpr float bias1[2] =
    {-1.75f, -0.5f};

// 4: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight2[2][2] = {
    {0.75f, -1.0f},
    {2.0f, 0.25f},
};
inline constexpr float bias2[2] =
    {1.5f, -1.5f};

// 6: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight3[2][2] = {
    {-0.25f, -2.0f},
    {1.0f, -0.75f},
};
inline constexpr float bias3[2] =
    {0.5f, 1.75f};

// 8: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight4[2][2] = {
    {-1.25f, 1.25f},
    {0.0f, -1.75f},
};
inline constexpr float bias4[2] =
    {-0.5f, 0.75f};

// 10: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight5[2][2] = {
    {2.0f, 0.25f},
    {-1.0f, 1.5f},
};
inline constexpr float bias5[2] =
    {-1.5f, -0.25f};

// 12.0: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight6[2][2] = {
    {1.0f, -0.75f},
    {-2.0f, 0.5f},
};
inline constexpr float bias6[2] =
    {1.75f, -1.25f};

// 12.2: Linear(in_features=2, out_features=2, bias=False); row i holds the weights of input i.
inline constexpr float weight7[2][2] = {
    {0.0f, -1.75f},
    {1.25f, -0.5f},
};
inline constexpr float bias7[2] =
    {};

// 13: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight8[2][2] = {
    {0.75f, -1.0f},
    {2.0f, 0.25f},
};
inline constexpr float bias8[2] =
    {1.5f, -1.5f};

// 15: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr float weight9[2][2] = {
    {-0.25f, -2.0f},
    {1.0f, -0.75f},
};
inline constexpr float bias9[2] =
    {0.5f, 1.75f};

/// y = f(x W + b)
template <std::size_t In, std::size_t Out, class Function>
constexpr void layer(const float* x, const float (&weight)[In][Out], const float (&bias)[Out], float* y,
                     Function f) noexcept {
  float sum[Out]{};
  for (std::size_t o = 0; o < Out; ++o) sum[o] = bias[o];
  for (std::size_t i = 0; i < In; ++i)
    for (std::size_t o = 0; o < Out; ++o) sum[o] += weight[i][o] * x[i];
  for (std::size_t o = 0; o < Out; ++o) y[o] = f(sum[o]);
}

}  // namespace detail

/// The net's `outputs` numbers y for `inputs` numbers x. Several threads may call it at once; it needs about
/// 72 bytes of stack.
inline void predict(const float* x, float* y) noexcept {
  float h1[2]{};
  detail::layer(x, detail::weight1, detail::bias1, h1, [](float v) { v = v > 0 ? v : v * 0.1f; v = std::tanh(v); return v; });
  float h2[2]{};
  detail::layer(h1, detail::weight2, detail::bias2, h2, [](float v) { v = 1 / (1 + std::exp(-v)); return v; });
  float h3[2]{};
  detail::layer(h2, detail::weight3, detail::bias3, h3, [](float v) { v = v > 0 ? v : 0.5f * std::expm1(v); return v; });
  float h4[2]{};
  detail::layer(h3, detail::weight4, detail::bias4, h4, [](float v) { v = v * 2.0f > 10.0f ? v : std::log1p(std::exp(v * 2.0f)) * 0.5f; return v; });
  float h5[2]{};
  detail::layer(h4, detail::weight5, detail::bias5, h5, [](float v) { v = v / (1 + std::exp(-v)); return v; });
  float h6[2]{};
  detail::layer(h5, detail::weight6, detail::bias6, h6, [](float v) { v = 0.5f * v * (1 + std::erf(v * 0.70710677f)); return v; });
  float h7[2]{};
  detail::layer(h6, detail::weight7, detail::bias7, h7, [](float v) { v = 0.5f * v * (1 + std::tanh(0.7978846f * (v + 0.044715f * v * v * v))); return v; });
  float h8[2]{};
  detail::layer(h7, detail::weight8, detail::bias8, h8, [](float v) { v = v < 0 ? 0 : v; return v; });
  detail::layer(h8, detail::weight9, detail::bias9, y, [](float v) { return v; });
}

/// An input, what the net gave for it, and how far self_check() lets an output be off.
inline constexpr float example_input[inputs] =
    {0.5f, -1.0f, 2.0f};
inline constexpr float example_output[outputs] =
    {0.09337416f, -1.5030067f};
inline constexpr float tolerance = 1.5030067e-05f;

/// Whether predict() gives what the net gave. For the program's start: another compiler, processor or library of
/// mathematical functions, or a broken memory, may compute something else.
inline bool self_check() noexcept {
  float y[outputs]{};
  predict(example_input, y);
  for (std::size_t o = 0; o < outputs; ++o) {
    const float off = y[o] < example_output[o] ? example_output[o] - y[o] : y[o] - example_output[o];
    if (!(off <= tolerance)) return false;
  }
  return true;
}

}  // namespace golden::smooth
