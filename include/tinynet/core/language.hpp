// What tinynet asks of the compiler: C++20, and to optimise. Every header includes this one before its own code.
#pragma once

// A file that does not exist ends the compilation in this line, before thousands of others about what follows from it.
#if (defined(_MSVC_LANG) && _MSVC_LANG <= 201703L) || (!defined(_MSVC_LANG) && __cplusplus <= 201703L)
#include "tinynet needs C++20: compile with -std=c++20 (MSVC: /std:c++20, CMake: CMAKE_CXX_STANDARD 20)"
#endif

#if defined(__GNUC__) && !defined(__OPTIMIZE__) && !defined(TINYNET_ALLOW_UNOPTIMIZED)
#pragma message(                                                                                                     \
    "tinynet: without optimisation a net trains some 200 times more slowly. Compile with -O2 -march=native (CMake: " \
    "-DCMAKE_BUILD_TYPE=Release), or define TINYNET_ALLOW_UNOPTIMIZED")
#endif
