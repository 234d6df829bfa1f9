# tinynet_embed_file(SOURCE NAMESPACE NAME FILE): writes a C++ source that defines the std::string_view NAMESPACE::NAME
# with the bytes of FILE; empty if there is no such file.
function(tinynet_embed_file source namespace name file)
  set(bytes "")
  if(EXISTS "${file}")
    file(READ "${file}" bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  endif()
  file(
    CONFIGURE OUTPUT "${source}" @ONLY
    CONTENT "#include <string_view>

namespace @namespace@ {
namespace {
const char bytes[] = {@bytes@'\\0'};
}
extern const std::string_view @name@;
const std::string_view @name@(bytes, sizeof bytes - 1);
}
"
  )
endfunction()
