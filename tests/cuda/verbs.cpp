// The tape on a device, through the expressions that a GPU gets: see emulated.hpp.
#define EIGEN_USE_THREADS
#include "../autodiff/reference_cases.hpp"
#include "emulated.hpp"

using namespace tinynet;
using test::emulated;

TEST_CASE("values and gradients are PyTorch's") { test::reference::check_all<test::Emulated>(); }
