// Nets on a CUDA GPU. To be included before anything that includes Eigen, in a translation unit for nvcc with the
// options
// --expt-relaxed-constexpr -diag-suppress 3189,20011,20012 (CMake: tinynet::cuda).
#pragma once

#ifndef EIGEN_USE_GPU
#define EIGEN_USE_GPU
#endif

#include <tinynet/cuda/device.cuh>
#include <tinynet/tinynet.hpp>
