// For tests that cannot run everywhere: they say why, and ctest counts them as skipped.
#pragma once

#include <doctest/doctest.h>

namespace test {

/// Whether a test case of this program could not run. Then main() returns 77, unless another one failed.
inline bool skipped = false;

/// Says why the running test case ends here.
inline void skip(const std::string& why) {
  MESSAGE("skipped: " << why);
  skipped = true;
}

}  // namespace test
