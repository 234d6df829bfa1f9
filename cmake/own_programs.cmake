# The flags of tinynet's own tests, examples and benchmarks. They are no part of tinynet::tinynet.
include(CheckCXXCompilerFlag)

add_library(tinynet_own_flags INTERFACE)
target_compile_definitions(tinynet_own_flags INTERFACE TINYNET_ALLOW_UNOPTIMIZED) # who builds them so knows it
if(MSVC)
  target_compile_options(tinynet_own_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:/W4;/permissive-;/bigobj>")
else()
  target_compile_options(
    tinynet_own_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wshadow;-Wpedantic>"
  )
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(tinynet_own_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>) # false alarms about std::string (GCC bug 105651)
  endif()
endif()

# What was compiled before comes from ccache, and lld links what clang++ has compiled in a quarter of the time, where
# they are installed.
if(PROJECT_IS_TOP_LEVEL)
  find_program(TINYNET_CCACHE ccache)
  mark_as_advanced(TINYNET_CCACHE)
  foreach(language CXX CUDA)
    if(TINYNET_CCACHE AND NOT DEFINED CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER "${TINYNET_CCACHE}")
    endif()
  endforeach()
endif()
find_program(TINYNET_LLD ld.lld)
mark_as_advanced(TINYNET_LLD)
if(TINYNET_LLD AND CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND NOT APPLE AND NOT WIN32)
  target_link_options(tinynet_own_flags INTERFACE -fuse-ld=lld)
endif()

if(TINYNET_NATIVE)
  foreach(flag -march=native -mcpu=native)
    string(MAKE_C_IDENTIFIER "TINYNET_HAS${flag}" has_flag)
    check_cxx_compiler_flag(${flag} ${has_flag})
    if(${has_flag})
      target_compile_options(tinynet_own_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${flag}>)
      break()
    endif()
  endforeach()
endif()

# A program of ours: tinynet_own_program(TARGET LIBRARY...)
function(tinynet_own_program target)
  target_link_libraries(${target} PRIVATE tinynet_own_flags ${ARGN})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# Sets `result` to the Debian packages of those TARGET=PACKAGE pairs whose target does not exist.
function(tinynet_missing_packages result)
  set(missing "")
  foreach(pair IN LISTS ARGN)
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 target)
    list(GET pair 1 package)
    if(NOT TARGET ${target})
      string(APPEND missing " ${package}")
    endif()
  endforeach()
  string(STRIP "${missing}" missing)
  set(${result} "${missing}" PARENT_SCOPE)
endfunction()
