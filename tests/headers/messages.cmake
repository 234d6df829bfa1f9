# cmake -DCOMPILER=... -DFOLDER=include -DINCLUDES=DIR;... -P messages.cmake
# What a compiler says that was not told enough: an older C++ is one error, whatever header comes first; no optimisation
# is one message, that can be switched off; and where Eigen is not found, the line says how to get it.
file(GLOB_RECURSE headers RELATIVE "${FOLDER}" "${FOLDER}/*.hpp")
list(FILTER headers EXCLUDE REGEX "dist/mpi\\.hpp$|core/language\\.hpp$")  # MPI may be missing, which is said first
if(NOT headers)
  message(FATAL_ERROR "no headers in ${FOLDER}")
endif()
set(others "")
foreach(directory IN LISTS INCLUDES)
  list(APPEND others -isystem "${directory}")
endforeach()

# compile(HEADER OPTION...): sets `output` to what the compiler says.
function(compile header)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env LC_ALL=C "${COMPILER}" -fsyntax-only -x c++ -I "${FOLDER}" ${ARGN} "${FOLDER}/${header}"
    ERROR_VARIABLE output
  )
  set(output "${output}" PARENT_SCOPE)
endfunction()

# expect(COUNT TEXT WHAT): `output` has the text so many times.
function(expect count text what)
  string(REGEX MATCHALL "${text}" found "${output}")
  list(LENGTH found times)
  if(NOT times EQUAL count)
    message(FATAL_ERROR "${what}: expected ${count} times '${text}', found ${times}:\n${output}")
  endif()
endfunction()

foreach(header IN LISTS headers)
  compile(${header} -std=c++17 -O1 ${others})
  expect(1 "error:" "${header} as C++17")
  expect(1 "error: [^\n]*tinynet needs C[+][+]20: compile with -std=c[+][+]20" "${header} as C++17")
endforeach()

set(message "without optimisation a net trains[^\n]*-O2[^\n]*define TINYNET_ALLOW_UNOPTIMIZED")
compile(tinynet/tinynet.hpp -std=c++20 ${others})
expect(1 "(note|warning): [^\n]*${message}" "without optimisation")
expect(0 "error:" "without optimisation")
compile(tinynet/tinynet.hpp -std=c++20 ${others} -DTINYNET_ALLOW_UNOPTIMIZED)
expect(0 "optimisation" "without optimisation, and told to say nothing")
compile(tinynet/tinynet.hpp -std=c++20 ${others} -O1)
expect(0 "optimisation" "with optimisation")

compile(tinynet/tinynet.hpp -std=c++20 -O1)
if(output)  # else the compiler finds Eigen by itself
  expect(1 "#include <Eigen/Core>  // not found[?] Debian: apt-get install libeigen3-dev, and -I /usr/include/eigen3"
         "without Eigen")
endif()
