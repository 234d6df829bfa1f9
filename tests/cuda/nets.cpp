// Nets on a device, trained through the expressions that a GPU gets: see nets.hpp and emulated.hpp.
#define EIGEN_USE_THREADS
#include "nets.hpp"

#include "emulated.hpp"

TEST_CASE("a net trains there as it does here") { test::nets::check_all(test::emulated); }

TEST_CASE("all memory goes back") { CHECK(test::emulated_blocks == 0); }
