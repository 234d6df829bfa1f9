// The main job on a device that is none: see main_job.hpp and emulated.hpp.
#define EIGEN_USE_THREADS
#include "main_job.hpp"

#include "emulated.hpp"

namespace {

const tinynet::Dataset& digits() {
  static const auto data = tinynet::synthetic_digits(300, 10);
  return data.first;
}

}  // namespace

TEST_CASE("the same bits every time") { test::main_job::check_repeats(test::emulated, digits()); }

TEST_CASE("gradients within 1e-5 of double precision") { test::main_job::check_gradients(test::emulated, digits()); }
