// One run of the program, from the data to the last line.
#pragma once

#include "console.hpp"
#include "group.hpp"
#include "options.hpp"

namespace mnist {

/// Does what the options say, as one of the group; returns the program's exit code. Throws Error, or OutputClosed if
/// nobody reads what is printed before training.
int run(const Options& options, const Group& group, Console& console);

}  // namespace mnist
