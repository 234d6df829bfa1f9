// The main function of every test program.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "skip.hpp"

int main(int count, char** arguments) {
  const int result = doctest::Context(count, arguments).run();
  return result == 0 && test::skipped ? 77 : result;
}
