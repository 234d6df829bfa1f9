// Several values of several settings: from the command line, from a file, and all their combinations.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "configuration.hpp"

namespace sweep {

/// Values by the names of their settings; a setting that is not there has mnist's own.
using Lists = std::map<std::string, std::vector<std::string>>;

/// "0.1,0.2" as two values; of hidden, "30,30;64". Throws mnist's Error (usage) on a wrong value or one that is there
/// twice.
std::vector<std::string> split(const std::string& name, const std::string& text);

/// Some of a file's configurations: all combinations of the lists.
struct Part {
  Lists lists;
  Place place;
};

/// What a file of --file asks for: `{"hidden": [[30, 30], [64]], "lr": [0.003, 0.01]}` is all combinations of the
/// lists, `{"runs": [{"lr": 0.1}, {"hidden": [64]}]}` a list of configurations. Throws Error: io, data.
std::vector<Part> read_lists(const std::string& file);

/// All configurations, those of the first part first; each list of `instead` takes the place of the parts'. Throws
/// Error: usage if there are more than 100000, data if two parts have the same one.
std::vector<Configuration> combinations(const std::vector<Part>& parts, const Lists& instead);

}  // namespace sweep
