// Every operation on a GPU against PyTorch's numbers: see reference_cases.hpp. Skipped where there is no GPU.
#include <tinynet/cuda.cuh>

#include "../autodiff/reference_cases.hpp"
#include "gpu.hpp"

TEST_CASE("values and gradients are PyTorch's") { test::reference::check_all<tinynet::Cuda>(); }
