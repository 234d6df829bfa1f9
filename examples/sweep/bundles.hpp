// Configurations that are trained together.
#pragma once

#include <cstddef>
#include <vector>

#include "../mnist/data_source.hpp"
#include "configuration.hpp"

namespace sweep {

/// One configuration, or several whose nets make each step on the same rows: these are read once for all of them.
using Bundle = std::vector<Configuration>;

/// All of them, in bundles. `at_once`: how many of these are trained at a time; each of these places is to get several,
/// since otherwise some would be empty at the end while others have much to do.
std::vector<Bundle> bundles(const std::vector<Configuration>& configurations, std::size_t at_once,
                            const mnist::Data& data);

/// About how many bytes a bundle takes beside the data, at its fullest.
double memory_needed(const Bundle& bundle, const mnist::Data& data);

}  // namespace sweep
