// What the user asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "configuration.hpp"

namespace sweep {

struct Options {
  mnist::DataChoice data;
  int threads = 0;  ///< trainings at once; 0: as many as there are CPUs
  std::string folder = "sweep";
  bool quiet = false;
  std::string dist = "none";
  double dist_timeout = 20;  ///< s
  std::vector<Configuration> configurations;
};

/// Reads the command line and the file of --file. Returns nothing if all is said already (--help, --version). Throws
/// Error: usage, data or io for the file; or what Console throws.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace sweep
