// Numbers that are short as text.
#pragma once

#include "../mnist/numbers.hpp"

namespace sweep {

/// The double nearest to the float's shortest text, so that 0.1f is written as 0.1; as a float it is the same.
inline double tidy(float number) { return *mnist::parse_number<double>(mnist::shortest(number)); }

/// Seconds, to the microsecond.
inline double tidy(double seconds) { return *mnist::parse_number<double>(mnist::fixed(seconds, 6)); }

}  // namespace sweep
