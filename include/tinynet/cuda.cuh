// Nets on a CUDA GPU: all that a program needs for them.
//
//   auto gpu_net = net.to(tn::cuda);                    // a copy of the net there; gpu_net.to(tn::cpu) is one here
//   const auto data = train.to(tn::cuda);               // images and labels; tn::to(matrix, tn::cuda)
//   tn::SGD optimizer{gpu_net, {.lr = 0.003f}};
//   auto loss = tn::cross_entropy(gpu_net(data.images), data.labels);   // and so on, as on the CPU
//
// To be included before anything that includes Eigen, in a translation unit that nvcc (12.0 or later) compiles with
// --expt-relaxed-constexpr -diag-suppress=3189,20011,20012: CMake's target tinynet::cuda says so, for the language
// CUDA.
//
// Nets on the CPU are right in such a unit, but slow, since Eigen has no SIMD for nvcc. A program that has other
// translation units keeps them there, and here only what goes to the GPU and comes back; otherwise the linker may take
// the slow functions for all of it. It also gives EIGEN_MAX_ALIGN_BYTES the same value everywhere, as tinynet::cuda
// does.
#pragma once

#ifndef EIGEN_USE_GPU
#define EIGEN_USE_GPU
#endif

#include <tinynet/cuda/device.cuh>
#include <tinynet/cuda/gpus.cuh>
#include <tinynet/tinynet.hpp>
