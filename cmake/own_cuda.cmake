# The language CUDA, for those of tinynet's own programs that need it. Sets tinynet_own_cuda to whether there is any.
set(tinynet_own_cuda FALSE)
if(TINYNET_CUDA STREQUAL "OFF")
  return()
endif()

include(CheckLanguage)
check_language(CUDA)
if(CMAKE_CUDA_COMPILER AND TARGET tinynet::cuda)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT "$ENV{CUDAARCHS}" STREQUAL "")
    set(CMAKE_CUDA_ARCHITECTURES $ENV{CUDAARCHS})
  endif()
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    # Every GPU since the RTX 20s by its own code, newer ones by that of the last that they can translate. The tests are
    # compiled for fewer.
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real 100-real 120)
    set(tinynet_test_architectures 75-real 80-real 90)
  else()
    set(tinynet_test_architectures ${CMAKE_CUDA_ARCHITECTURES})
  endif()
  enable_language(CUDA)
  if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.0)
    message(STATUS "tinynet: nvcc ${CMAKE_CUDA_COMPILER_VERSION} does not know C++20; 12.0 or later is needed")
  else()
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.8)
      list(FILTER CMAKE_CUDA_ARCHITECTURES EXCLUDE REGEX "^(100|120)")
    endif()
    set(tinynet_own_cuda TRUE)
    # Several architectures at a time.
    target_compile_options(tinynet_own_flags INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:--threads=2>)
  endif()
endif()

if(TINYNET_CUDA STREQUAL "ON" AND NOT tinynet_own_cuda)
  message(FATAL_ERROR "TINYNET_CUDA is ON, but there is no nvcc (12.0 or later) with its toolkit. "
                      "Install it, or configure with -DTINYNET_CUDA=OFF.")
endif()
