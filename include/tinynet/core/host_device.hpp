// Where a function may run. A C++ compiler sees plain functions. nvcc is given --expt-relaxed-constexpr, with which
// constexpr functions run everywhere as they are.
#pragma once

#ifdef __CUDACC__
/// A function for the host and for the GPU.
#define TINYNET_HOST_DEVICE __host__ __device__
/// A part of a kernel: for the GPU, and where there is no CUDA for the host, which then runs the kernel itself.
#define TINYNET_DEVICE __device__ __forceinline__
#else
#define TINYNET_HOST_DEVICE
#define TINYNET_DEVICE
#endif

#ifdef __CUDA_ARCH__
/// Before a loop over registers, which have no addresses: every turn of it must be written out.
#define TINYNET_UNROLL _Pragma("unroll")
/// Before a loop that must not be written out, since it would need too many registers.
#define TINYNET_KEEP_LOOP _Pragma("unroll 1")
#else
#define TINYNET_UNROLL
#define TINYNET_KEEP_LOOP
#endif
