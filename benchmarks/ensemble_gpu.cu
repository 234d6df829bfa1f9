// Many nets at once on a GPU: see ensemble.hpp.
#include <tinynet/cuda.cuh>

#include "ensemble.hpp"

int main(int count, char** words) {
  return bench::run_program(count, words, [](const auto& arguments) { bench::run_ensemble(arguments, tinynet::cuda); });
}
