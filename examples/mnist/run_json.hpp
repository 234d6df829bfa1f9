// A run as JSON: DIR/run.json of --out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "run_record.hpp"

namespace mnist {

/// The options by their names, without their dashes; what has no value is left out.
nlohmann::ordered_json options_json(const Options& options);

/// What the run was and gave, as the text of the file; bytes of names that are no UTF-8 are replaced.
std::string run_json(const RunRecord& run);

}  // namespace mnist
