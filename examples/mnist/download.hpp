// The user's cache of MNIST, filled from mirrors on the web.
#pragma once

#include <string>

#include "console.hpp"

namespace mnist {

/// The cache's folder: $XDG_CACHE_HOME/tinynet/mnist, ~/.cache/tinynet/mnist, on Windows under %LOCALAPPDATA%.
/// Throws Error (io) if none of these is set.
std::string cache_folder();

/// Why MNIST cannot be read from the cache; empty if all four files are there and are, byte for byte, the right ones.
/// Throws Error (io) if they cannot be read.
std::string cache_problem(const std::string& folder);

/// Downloads what the cache lacks, or has damaged, from the first mirror that delivers the right bytes. Processes that
/// do this at the same time wait for the first of them and use what it has brought.
/// Throws Error: download with every address that was tried and why it failed, io if the cache cannot be written.
void fill_cache(const std::string& folder, Console& console);

/// Where to get the four files by hand, and their hashes: one line.
std::string by_hand();

}  // namespace mnist
