// Where a function may run. A function that is `constexpr` runs everywhere as it is, since nvcc is given
// --expt-relaxed-constexpr; parts of kernels are marked, since on a GPU they must be inlined.
#pragma once

#include <tinynet/core/language.hpp>

namespace tinynet::detail {

/// Is this a translation unit of nvcc? Eigen then has no SIMD for the host. What nets on the CPU compute is right
/// there, but slow, and must not be linked with the same of a C++ compiler: see cuda.cuh.
#ifdef __CUDACC__
inline constexpr bool cuda_unit = true;
#else
inline constexpr bool cuda_unit = false;
#endif

}  // namespace tinynet::detail

#ifdef __CUDACC__
/// A part of a kernel: for the GPU, and where there is no CUDA for the host, which then runs the kernel itself.
#define TINYNET_DEVICE __device__ __forceinline__
#else
#define TINYNET_DEVICE inline
#endif

#ifdef __CUDA_ARCH__
/// Before a loop over registers, which have no addresses: every turn of it must be written out.
#define TINYNET_UNROLL _Pragma("unroll")
/// As far as `turns`, a constant, says.
#define TINYNET_UNROLL_TURNS(turns) TINYNET_PRAGMA(unroll turns)
#define TINYNET_PRAGMA(words) _Pragma(#words)
/// Before a loop that must not be written out, since it would need too many registers.
#define TINYNET_KEEP_LOOP _Pragma("unroll 1")
#else
#define TINYNET_UNROLL
#define TINYNET_UNROLL_TURNS(turns)
#define TINYNET_KEEP_LOOP
#endif
