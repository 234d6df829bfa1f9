# Finds what tinynet's headers need. Used by tinynet's own build and by the installed package, so that both give the
# same targets. GLOBAL makes what is found visible outside the calling folder: a project that adds tinynet as a
# subdirectory links it from above.

# find_package, then makes the imported target global if asked to. A target that exists already is taken as it is.
macro(tinynet_find_target target scope)
  if(NOT TARGET ${target})
    find_package(${ARGN} QUIET)
    if(TARGET ${target} AND "${scope}" STREQUAL "GLOBAL")
      get_target_property(tinynet_imported ${target} IMPORTED)
      if(tinynet_imported)
        set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
      endif()
    endif()
  endif()
endmacro()

# Says so where the project that uses tinynet is built without optimisation because nobody asked for any.
function(tinynet_check_build_type)
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT CMAKE_BUILD_TYPE AND NOT several AND NOT "${CMAKE_CXX_FLAGS} $ENV{CXXFLAGS}" MATCHES "-O[1-9sgf]" AND NOT MSVC)
    message(NOTICE "tinynet: CMAKE_BUILD_TYPE is empty, so nothing is optimised and nets train some 200 times more slowly; "
                   "configure with -DCMAKE_BUILD_TYPE=Release")
  endif()
endfunction()

# Eigen3::Eigen and Threads::Threads. Eigen's own version check refuses 5 to those who ask for 3.4, so we compare.
# Sets tinynet_eigen_found, and tinynet_eigen_problem to what is wrong.
macro(tinynet_find_eigen)
  set(tinynet_eigen_found TRUE)
  set(tinynet_eigen_problem "")
  tinynet_find_target(Threads::Threads "${ARGV0}" Threads)
  tinynet_find_target(Eigen3::Eigen "${ARGV0}" Eigen3 CONFIG)
  if(NOT TARGET Eigen3::Eigen)
    set(tinynet_eigen_found FALSE)
    set(tinynet_eigen_problem "Eigen (3.4 or later) not found. On Debian: apt-get install libeigen3-dev")
  elseif(DEFINED Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4)
    set(tinynet_eigen_found FALSE)
    set(tinynet_eigen_problem "Eigen ${Eigen3_VERSION} in ${Eigen3_DIR} is too old, tinynet needs 3.4 or later")
  elseif(NOT TARGET Threads::Threads)
    set(tinynet_eigen_found FALSE)
    set(tinynet_eigen_problem "no library for threads found")
  endif()
endmacro()

# tinynet::gzip (data/gzip.hpp and data/mnist.hpp, through zlib), tinynet::json (io/safetensors.hpp, through
# nlohmann-json), tinynet::png (through stb), tinynet::mpi (dist/mpi.hpp, through MPI), tinynet::nccl (dist/nccl.cuh,
# through NCCL, MPI and CUDA) or tinynet::cuda (cuda.cuh, through the CUDA toolkit, for sources in the language CUDA,
# which the project itself has to enable). Sets tinynet_<name>_FOUND, and defines the target if found.
macro(tinynet_find_component name)
  set(tinynet_${name}_FOUND FALSE)
  if("${name}" STREQUAL "gzip")
    set(tinynet_needs ZLIB::ZLIB)
    tinynet_find_target(ZLIB::ZLIB "${ARGV1}" ZLIB)
  elseif("${name}" STREQUAL "json")
    set(tinynet_needs nlohmann_json::nlohmann_json)
    tinynet_find_target(nlohmann_json::nlohmann_json "${ARGV1}" nlohmann_json 3.7 CONFIG)
  elseif("${name}" STREQUAL "png")
    set(tinynet_needs tinynet::stb)
    find_path(TINYNET_STB_INCLUDE_DIR stb_image_write.h PATH_SUFFIXES stb)
    mark_as_advanced(TINYNET_STB_INCLUDE_DIR)
    if(TINYNET_STB_INCLUDE_DIR AND NOT TARGET tinynet::stb)
      add_library(tinynet::stb INTERFACE IMPORTED ${ARGV1})
      target_include_directories(tinynet::stb SYSTEM INTERFACE "${TINYNET_STB_INCLUDE_DIR}")
    endif()
  elseif("${name}" STREQUAL "mpi")
    set(tinynet_needs MPI::MPI_CXX)
    set(MPI_CXX_SKIP_MPICXX ON) # the C interface is all that is used
    tinynet_find_target(MPI::MPI_CXX "${ARGV1}" MPI COMPONENTS CXX)
    if(DEFINED MPI_CXX_FOUND AND NOT MPI_CXX_FOUND) # the target is there all the same
      set(tinynet_needs tinynet::no_such_component)
    endif()
  elseif("${name}" STREQUAL "nccl")
    tinynet_find_component(mpi ${ARGV1})
    tinynet_find_component(cuda ${ARGV1})
    set(tinynet_needs tinynet::nccl_library)
    find_path(TINYNET_NCCL_INCLUDE_DIR nccl.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
    find_library(TINYNET_NCCL_LIBRARY nccl HINTS "${CUDAToolkit_LIBRARY_DIR}" "${CUDAToolkit_LIBRARY_ROOT}/lib")
    mark_as_advanced(TINYNET_NCCL_INCLUDE_DIR TINYNET_NCCL_LIBRARY)
    if(TARGET tinynet::mpi AND TARGET tinynet::cuda AND TINYNET_NCCL_INCLUDE_DIR AND TINYNET_NCCL_LIBRARY
       AND NOT TARGET tinynet::nccl_library
    )
      add_library(tinynet::nccl_library INTERFACE IMPORTED ${ARGV1})
      target_include_directories(tinynet::nccl_library SYSTEM INTERFACE "${TINYNET_NCCL_INCLUDE_DIR}")
      target_link_libraries(tinynet::nccl_library INTERFACE "${TINYNET_NCCL_LIBRARY}" tinynet::mpi tinynet::cuda)
    endif()
  elseif("${name}" STREQUAL "cuda")
    set(tinynet_needs CUDA::cudart_static)
    tinynet_find_target(CUDA::cudart_static "${ARGV1}" CUDAToolkit)
  else()
    set(tinynet_needs tinynet::no_such_component)
  endif()
  if(TARGET ${tinynet_needs})
    set(tinynet_${name}_FOUND TRUE)
    if(NOT TARGET tinynet::${name})
      add_library(tinynet::${name} INTERFACE IMPORTED ${ARGV1})
      target_link_libraries(tinynet::${name} INTERFACE tinynet::tinynet ${tinynet_needs})
      if("${name}" STREQUAL "cuda")
        # Eigen must give out memory in the same way in all of a program, and without SIMD, as nvcc has it, it does not.
        target_compile_definitions(
          tinynet::cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:EIGEN_USE_GPU> EIGEN_MAX_ALIGN_BYTES=64
        )
        # C++20 not as cuda_std_20, which CMake before 3.26 does not know. The warnings are Eigen's: functions that it
        # marks for the GPU and that call some of the host's.
        set(tinynet_options -std=c++20 --expt-relaxed-constexpr -diag-suppress=3189,20011,20012)
        target_compile_options(tinynet::cuda INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:${tinynet_options}>")
      endif()
    endif()
  endif()
endmacro()
