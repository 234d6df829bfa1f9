// The chart library that the pages carry along, as the build found it.
#pragma once

#include <string_view>

namespace mnist {

/// dygraphs' script and style; empty if the build found none. Defined in a file that CMake writes (embed_file.cmake).
extern const std::string_view dygraph_script, dygraph_style;

}  // namespace mnist
