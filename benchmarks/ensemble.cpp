// Many nets at once on the CPU: see ensemble.hpp.
#include "ensemble.hpp"

int main(int count, char** words) {
  return bench::run_program(count, words, [](const auto& arguments) { bench::run_ensemble(arguments, tinynet::cpu); });
}
