// What is known of a std::bad_alloc.
#pragma once

#include <cstddef>

namespace mnist {

/// How many bytes operator new could not give last; 0 if it always could (Eigen's matrices ask elsewhere).
std::size_t refused_bytes();

}  // namespace mnist
