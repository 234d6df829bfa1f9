// The variables of the environment.
#pragma once

#include <cstdlib>
#include <string>

namespace mnist {

/// Empty if there is none.
inline std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Is it there, and neither empty nor 0?
inline bool is_set(const char* name) {
  const std::string value = environment(name);
  return !value.empty() && value != "0";
}

}  // namespace mnist
