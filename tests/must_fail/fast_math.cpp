// What -ffast-math defines.
// expect: tinynet: -ffast-math (/fp:fast) hides NaN: compile without it, or define TINYNET_ALLOW_FAST_MATH
#define __FAST_MATH__ 1
#ifndef TINYNET_MUST_FAIL
#define TINYNET_ALLOW_FAST_MATH
#endif
#include <tinynet/core/eigen.hpp>
