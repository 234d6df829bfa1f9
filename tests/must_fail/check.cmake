# cmake -DCOMPILER=... -DINCLUDE_DIRS=... -DSNIPPET=FILE -P check.cmake
# FILE compiles as it stands, and with TINYNET_MUST_FAIL defined it does not: then the compiler's message holds the
# text of each line `// expect: TEXT` of FILE.
set(command "${COMPILER}" -std=c++20 -fsyntax-only)
foreach(dir IN LISTS INCLUDE_DIRS)
  list(APPEND command -I "${dir}")
endforeach()
list(APPEND command "${SNIPPET}")

execute_process(COMMAND ${command} RESULT_VARIABLE result ERROR_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the twin that must compile does not:\n${output}")
endif()

execute_process(COMMAND ${command} -DTINYNET_MUST_FAIL RESULT_VARIABLE result ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "the snippet compiles with TINYNET_MUST_FAIL, and must not")
endif()

file(STRINGS "${SNIPPET}" lines REGEX "^// expect: ")
if(NOT lines)
  message(FATAL_ERROR "no line '// expect: TEXT' in the snippet")
endif()
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^// expect: " "" text "${line}")
  string(FIND "${output}" "${text}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "the compiler's message does not hold '${text}':\n${output}")
  endif()
endforeach()
message("${output}")  # for ctest -V: this is what a user sees
