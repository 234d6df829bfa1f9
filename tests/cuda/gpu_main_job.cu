// The main job on a GPU: see main_job.hpp.
#include <tinynet/cuda.cuh>

#include "gpu.hpp"
#include "main_job.hpp"

namespace {

const tinynet::Dataset& digits() {
  static const auto data = tinynet::synthetic_digits(10000, 10);
  return data.first;
}

}  // namespace

TEST_CASE("the same bits every time") { test::main_job::check_repeats(tinynet::cuda, digits()); }

TEST_CASE("gradients within 1e-5 of double precision") { test::main_job::check_gradients(tinynet::cuda, digits()); }

TEST_CASE("MNIST: PyTorch's losses" * doctest::test_suite("reference")) { test::main_job::check_curve(tinynet::cuda); }
