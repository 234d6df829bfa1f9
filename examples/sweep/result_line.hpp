// A result as one line of JSON.
#pragma once

#include <string>
#include <string_view>

#include "training.hpp"

namespace sweep {

/// The line, with its end. `data`: the hash of all images and labels.
std::string line_of(const Result& r, const std::string& data);

/// The result that such a line, which is at `place`, tells of. Throws Error (data) if it is none, or one on other data.
Result result_of(std::string_view line, const std::string& data, const Place& place);

}  // namespace sweep
