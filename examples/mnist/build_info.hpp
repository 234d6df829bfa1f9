// How this program was built.
#pragma once

#include <string>
#include <tinynet/core/eigen.hpp>

namespace mnist {

/// "AVX-512", "AVX2", "NEON", ... or "no SIMD".
inline std::string simd_level() {
  const std::string sets = Eigen::SimdInstructionSetsInUse(), best = sets.substr(0, sets.find(','));
  return best == "AVX512" ? "AVX-512" : best.empty() || best == "None" ? "no SIMD" : best;
}

inline std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#elif defined(_MSC_VER)
  return "MSVC " + std::to_string(_MSC_VER);
#else
  return "unknown";
#endif
}

inline bool optimised() {
#if defined(__OPTIMIZE__) || (defined(_MSC_VER) && defined(NDEBUG))
  return true;
#else
  return false;
#endif
}

}  // namespace mnist
