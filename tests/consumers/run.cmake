# cmake -DKIND=... -DTINYNET=... -DBUILD=... -D... -P run.cmake
# Copies the project KIND beside this file to an empty folder away from TINYNET, builds it there and runs it.
if(DEFINED ENV{TMPDIR})
  set(temporary "$ENV{TMPDIR}")
elseif(DEFINED ENV{TEMP})
  set(temporary "$ENV{TEMP}")
else()
  set(temporary /tmp)
endif()
string(RANDOM LENGTH 12 random)
set(work "${temporary}/tinynet-${KIND}-${random}")
file(MAKE_DIRECTORY "${work}")
message("in ${work}, which stays if this fails")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work}" RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed: ${command}")
  endif()
endfunction()

file(COPY "${CMAKE_CURRENT_LIST_DIR}/main.cpp" DESTINATION "${work}")

if(KIND STREQUAL "vendored")
  # No CMake at all: the headers copied beside the program, and the compiler's command.
  file(COPY "${TINYNET}/include/tinynet" DESTINATION "${work}/third_party")
  set(includes -I third_party)
  foreach(dir IN LISTS EIGEN_INCLUDE_DIRS)
    list(APPEND includes -I "${dir}")
  endforeach()
  run("${COMPILER}" -std=c++20 -O1 ${includes} main.cpp -o consumer -pthread)
  run("${work}/consumer")
else()
  file(COPY "${CMAKE_CURRENT_LIST_DIR}/${KIND}/CMakeLists.txt" DESTINATION "${work}")
  set(options "-DEigen3_DIR=${EIGEN_DIR}")
  if(KIND STREQUAL "find_package")
    run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${work}/installed")
    list(APPEND options "-DCMAKE_PREFIX_PATH=${work}/installed")
  else()
    list(APPEND options "-DTINYNET_FOLDER=${TINYNET}")
  endif()
  run(
    "${CMAKE_COMMAND}" -S . -B build -G "${GENERATOR}" "-DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_BUILD_TYPE=Debug ${options}
  )
  run("${CMAKE_COMMAND}" --build build)
  run("${work}/build/consumer")
endif()

file(REMOVE_RECURSE "${work}")
