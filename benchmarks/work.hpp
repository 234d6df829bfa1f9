// What the C++ benchmark programs have in common: the works, their data, and the line of JSON they end with.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The command line: WORK STEPS THREADS [ENGINE].
struct Arguments {
  std::string work = "full", engine = "auto";
  int steps = 20, threads = 0;

  Arguments(int count, char** values) {
    if (count > 1) work = values[1];
    if (count > 2) steps = std::atoi(values[2]);
    if (count > 3) threads = std::atoi(values[3]);
    if (count > 4) engine = values[4];
  }
};

/// MNIST's training set from $TINYNET_DATA, else the synthetic digits.
inline tinynet::Dataset training_set() {
  if (const char* folder = std::getenv("TINYNET_DATA")) return tinynet::read_mnist(folder).train;
  return tinynet::synthetic_digits().first;
}

/// The same size, but every pixel random (the high byte of a linear congruential generator, as the other peers').
inline tinynet::Dataset random_set() {
  tinynet::Dataset data = training_set();
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(data.size()) * 784);
  std::uint32_t state = 1;
  for (auto& pixel : pixels) {
    state = state * 1664525u + 1013904223u;
    pixel = static_cast<std::uint8_t>(state >> 24);
  }
  data.images = tinynet::Images(std::move(pixels), data.size(), 28, 28);
  return data;
}

/// Runs step(i), which returns the loss, and prints the milliseconds of each and the losses.
template <class Step>
void measure(int steps, const Step& step) {
  std::vector<double> milliseconds, losses;
  for (int i = 0; i < steps; ++i) {
    const auto start = Clock::now();
    losses.push_back(step(i));
    milliseconds.push_back(1e3 * seconds_since(start));
  }
  const auto print = [](const char* name, const std::vector<double>& numbers) {
    std::printf("\"%s\": [", name);
    for (std::size_t i = 0; i < numbers.size(); ++i) std::printf("%s%.9g", i == 0 ? "" : ", ", numbers[i]);
    std::printf("]");
  };
  std::printf("{");
  print("ms", milliseconds);
  std::printf(", ");
  print("losses", losses);
  std::printf("}\n");
}

}  // namespace bench
