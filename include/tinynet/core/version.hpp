// The version of the library.
#pragma once

#include <string_view>
#include <tinynet/core/language.hpp>

namespace tinynet {

inline constexpr int version_major = 0;  ///< changes with what breaks programs
inline constexpr int version_minor = 1;  ///< changes with what is new
inline constexpr int version_patch = 0;  ///< changes with what is mended

/// "major.minor.patch"; CMakeLists.txt reads the project's version from this line.
inline constexpr std::string_view version = "0.1.0";

}  // namespace tinynet
