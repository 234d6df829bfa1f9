// Nets on a GPU: see nets.hpp.
#include <tinynet/cuda.cuh>

#include "gpu.hpp"
#include "nets.hpp"

TEST_CASE("a net trains there as it does here") { test::nets::check_all(tinynet::cuda); }
