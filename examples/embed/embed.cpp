// A trained net in a program that has neither tinynet nor Eigen nor a heap. digits.hpp is what train.cpp has written:
// the weights, predict(), and an example with the net's output. Compiled as C++17 without exceptions and RTTI.
#include <cstddef>
#include <cstdio>

#include "digits.hpp"

// The compiler runs the net, too. What it computes this way cannot ask for memory: predict() does not.
static_assert(digits::self_check(), "digits.hpp does not give its net's outputs");

int main() {
  // Before anything else, on the machine itself: are the weights and the arithmetic what they should be?
  if (!digits::self_check()) {
    std::fputs("embed: the net computes something else on this machine\n", stderr);
    return 1;
  }

  // A camera's picture would come here, 28 x 28 numbers from 0 to 1; this is the stored one. Two rows make a line.
  const float* const image = digits::example_input;
  for (std::size_t row = 0; row < 28; row += 2) {
    for (std::size_t column = 0; column < 28; ++column)
      std::putchar(" .:*#"[static_cast<int>(2 * (image[28 * row + column] + image[28 * (row + 1) + column]))]);
    std::putchar('\n');
  }

  float output[digits::outputs];
  digits::predict(image, output);
  std::size_t best = 0, expected = 0;
  std::puts("digit  output  when trained");
  for (std::size_t digit = 0; digit < digits::outputs; ++digit) {
    std::printf("%5d %7.3f %13.3f\n", static_cast<int>(digit), static_cast<double>(output[digit]),
                static_cast<double>(digits::example_output[digit]));
    if (output[digit] > output[best]) best = digit;
    if (digits::example_output[digit] > digits::example_output[expected]) expected = digit;
  }
  std::printf("This is a %d.\n", static_cast<int>(best));

  if (best == expected) return 0;
  std::fprintf(stderr, "embed: expected a %d\n", static_cast<int>(expected));
  return 1;
}
