// A trained net, written by tinynet. It needs C++17 and nothing else: no heap, no exceptions, no library.
// clang-format off
#pragma once

#include <cstddef>

namespace golden_wrong {

inline constexpr std::size_t inputs = 2, outputs = 1;

namespace detail {

// l1: Linear(in_features=2, out_features=2, bias=True); row i holds the weights of input i.
inline constexpr double weight1[2][2] = {
    {-0.75, 1.75},
    {0.5, -1.25},
};
inline constexpr double bias1[2] =
    {0.0, 1.25};

// lo: Linear(in_features=2, out_features=1, bias=True); row i holds the weights of input i.
inline constexpr double weight2[2][1] = {
    {-1.75},
    {-0.5},
};
inline constexpr double bias2[1] =
    {0.75};

/// y = f(x W + b)
template <std::size_t In, std::size_t Out, class Function>
constexpr void layer(const double* x, const double (&weight)[In][Out], const double (&bias)[Out], double* y,
                     Function f) noexcept {
  double sum[Out]{};
  for (std::size_t o = 0; o < Out; ++o) sum[o] = bias[o];
  for (std::size_t i = 0; i < In; ++i)
    for (std::size_t o = 0; o < Out; ++o) sum[o] += weight[i][o] * x[i];
  for (std::size_t o = 0; o < Out; ++o) y[o] = f(sum[o]);
}

}  // namespace detail

/// The net's `outputs` numbers y for `inputs` numbers x. Several threads may call it at once; it needs about
/// 32 bytes of stack.
constexpr void predict(const double* x, double* y) noexcept {
  double h1[2]{};
  detail::layer(x, detail::weight1, detail::bias1, h1, [](double v) { v = v < 0 ? 0 : v; return v; });
  detail::layer(h1, detail::weight2, detail::bias2, y, [](double v) { return v; });
}

/// An input, what the net gave for it, and how far self_check() lets an output be off.
inline constexpr double example_input[inputs] =
    {1.0, 0.5};
inline constexpr double example_output[outputs] =
    {0.25};
inline constexpr double tolerance = 0.001;

/// Whether predict() gives what the net gave. For the program's start: another compiler, processor or library of
/// mathematical functions, or a broken memory, may compute something else.
constexpr bool self_check() noexcept {
  double y[outputs]{};
  predict(example_input, y);
  for (std::size_t o = 0; o < outputs; ++o) {
    const double off = y[o] < example_output[o] ? example_output[o] - y[o] : y[o] - example_output[o];
    if (!(off <= tolerance)) return false;
  }
  return true;
}

}  // namespace golden_wrong
