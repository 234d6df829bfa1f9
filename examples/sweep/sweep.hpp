// All of a sweep, from the data to the table.
#pragma once

#include "../mnist/console.hpp"
#include "../mnist/group.hpp"
#include "options.hpp"

namespace sweep {

/// Does what the options say; returns the program's exit code. Throws Error, or OutputClosed if nobody reads the table.
int run(const Options& options, const mnist::Group& group, mnist::Console& console);

}  // namespace sweep
