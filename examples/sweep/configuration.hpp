// One training of a sweep: those options of the program mnist that its numbers depend on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "../mnist/settings.hpp"
#include "json.hpp"

namespace sweep {

using tinynet::Index;

/// mnist's options; all but those in settings() are as mnist has them without options.
using Configuration = mnist::Options;

using mnist::Setting;
using mnist::settings;

/// The setting of this name, or null; and all names, for messages.
const Setting* find_setting(const std::string& name);
std::string setting_names();

/// What a setting's value in JSON is: "a number".
std::string type_name(const Setting& setting);

/// A value as settings() would say it, "1e-2" as "0.01". Throws mnist's Error (usage): "--lr: expected ..., found ...".
std::string canonical(const std::string& name, const std::string& value);

/// Values by the names of their settings.
using Values = std::map<std::string, std::string>;

/// What mnist makes of these values. Throws mnist's Error (usage).
Configuration configuration(const Values& values);

/// "hidden=30,30 activation=relu optimizer=sgd lr=0.003 ...", without what the optimizer or the program chooses: two
/// trainings that have the same are the same.
std::string key(const Configuration& c);

/// The command that does the same training alone, on the same data and, as here, on CPUs.
std::string command(const Configuration& c, const mnist::Data& data);

/// {"hidden": [30, 30], "activation": "relu", ...}
inline Json to_json(const Configuration& c) { return mnist::settings_json(c); }

/// A value in a file as the command line has it. Throws Error (data) at `place` if it is none of this setting.
std::string value_from_json(const Setting& setting, const Json& json, const Place& place);

/// The reverse of to_json, where settings may be missing. Throws Error (data) at `place`.
Values values_from_json(const Json& json, const Place& place);

}  // namespace sweep
