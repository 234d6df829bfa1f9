// Half floats (IEEE binary16), two of them in a word: on the host Eigen's, on a GPU its own.
#pragma once

#include <cstdint>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/host_device.hpp>
#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

namespace tinynet::detail::gpu {

/// x and y rounded to the nearest half float, x in the lower bits.
TINYNET_DEVICE std::uint32_t pair_of_halves(float x, float y) {
#ifdef __CUDA_ARCH__
  const __half2 pair = __floats2half2_rn(x, y);
  return *reinterpret_cast<const std::uint32_t*>(&pair);
#else
  const auto bits = [](float number) { return std::uint32_t{Eigen::half_impl::float_to_half_rtne(number).x}; };
  return bits(x) | bits(y) << 16;
#endif
}

/// The lower (i = 0) or upper one of a pair.
TINYNET_DEVICE float half_of_pair(std::uint32_t pair, int i) {
  const auto bits = static_cast<std::uint16_t>(pair >> 16 * i);
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(bits));
#else
  return Eigen::half_impl::half_to_float(Eigen::half_impl::raw_uint16_to_half(bits));
#endif
}

/// What a byte counts for as the lowest bits of a half float, which is then a subnormal one: 2^-24.
inline constexpr float byte_in_half = 1.0f / (1 << 24);

/// The two lower bytes of a word as such halves, or the two upper ones.
TINYNET_DEVICE std::uint32_t lower_bytes_as_halves(std::uint32_t bytes) {
#ifdef __CUDA_ARCH__
  return __byte_perm(bytes, 0, 0x4140);
#else
  return (bytes & 0xFFu) | (bytes & 0xFF00u) << 8;
#endif
}
TINYNET_DEVICE std::uint32_t upper_bytes_as_halves(std::uint32_t bytes) {
#ifdef __CUDA_ARCH__
  return __byte_perm(bytes, 0, 0x4342);
#else
  return lower_bytes_as_halves(bytes >> 16);
#endif
}
/// The same of the first and the third byte, or of the second and the fourth.
TINYNET_DEVICE std::uint32_t even_bytes_as_halves(std::uint32_t bytes) { return bytes & 0x00FF00FFu; }
TINYNET_DEVICE std::uint32_t odd_bytes_as_halves(std::uint32_t bytes) { return even_bytes_as_halves(bytes >> 8); }

}  // namespace tinynet::detail::gpu
