#include "command_line.hpp"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tinynet/core/error.hpp>
#include <tinynet/core/version.hpp>
#include <utility>

#include "console.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

/// How many letters must be put in, left out or changed to get from one word to the other (Levenshtein).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({change, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

/// CLI11's complaint that an option has no value or several, in plainer words.
std::string plainer(const std::string& complaint) {
  const std::string option = complaint.substr(0, complaint.find(':'));
  if (complaint.find("missing") != std::string::npos) return option + ": needs a value";
  if (complaint.find("At Most") != std::string::npos) return option + ": given more than once";
  return complaint;
}

/// CLI11 takes the values of some flags, and has its own words for the others'.
void refuse_value_of_flag(const std::vector<std::string>& flags, const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == argument.npos) return;
  const std::string name = argument.substr(0, equals);
  if (std::find(flags.begin(), flags.end(), name) != flags.end())
    throw Error(ErrorCode::usage,
                name + ": takes no value, found '" + tinynet::detail::printable(argument.substr(equals + 1)) + "'");
}

[[noreturn]] void refuse_unknown(const CLI::App& app, const std::string& argument) {
  const std::string shown = "'" + tinynet::detail::printable(argument) + "'";
  if (!argument.starts_with('-') || argument == "--")
    throw Error(ErrorCode::usage, "unexpected argument " + shown + "; see --help");
  const std::string name = argument.substr(0, argument.find('='));
  std::string nearest;
  for (const CLI::Option* option : app.get_options()) {
    const std::string known = "--" + option->get_single_name();
    if (nearest.empty() || edits(name, known) < edits(name, nearest)) nearest = known;
  }
  throw Error(ErrorCode::usage, "unknown option " + shown + "; the nearest is " + nearest);
}

/// Prints a text that ends a line or not. Throws OutputClosed or Error (io).
void say(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  Console(false).answer(text);
}

}  // namespace

CommandLine::CommandLine(const std::string& program, const std::string& description, const std::string& footer)
    : app_(said(description), program) {
  app_.set_version_flag("--version", program + " (tinynet " + std::string(tinynet::version) + ")",
                        said("Print the version"));
  app_.set_help_flag("-h,--help", said("Print this help"));
  app_.footer(said(footer));
  for (const char* const label : {"Usage", "OPTIONS"}) app_.get_formatter()->label(label, said(label));
  app_.option_defaults()->group(said("Options"));
  for (CLI::Option* const option : {app_.get_help_ptr(), app_.get_version_ptr()}) option->group(said("Options"));
  app_.allow_extras();
}

void CommandLine::option(const std::string& name, const std::string& value, const std::string& help,
                         std::function<void(const std::string& name, const std::string& text)> use) {
  app_.add_option_function<std::string>(
          name, [name, use = std::move(use)](const std::string& text) { use(name, text); }, said(help))
      ->type_name(value);
}

void CommandLine::flag(const std::string& name, bool& to, const std::string& help) {
  flags_.push_back(name);
  app_.add_flag(name, to, said(help))->multi_option_policy(CLI::MultiOptionPolicy::Throw)->disable_flag_override();
}

bool CommandLine::parse(int argc, const char* const* argv) {
  // CLI11 takes the arguments from the back, and "--hidden=" for "--hidden" with the value still to come.
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) {
    const std::string argument = argv[i];
    refuse_value_of_flag(flags_, argument);
    const bool has_empty_value = argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (has_empty_value) arguments.emplace_back();
    arguments.push_back(has_empty_value ? argument.substr(0, argument.size() - 1) : argument);
  }
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::CallForVersion&) {
    say(app_.version());
    return false;
  } catch (const CLI::Success&) {
    say(app_.help());
    return false;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::usage, plainer(error.what()));
  }
  if (const auto rest = app_.remaining(); !rest.empty()) refuse_unknown(app_, rest.front());
  return true;
}

void CommandLine::only_with(const std::string& option, const std::string& partner, bool there) const {
  if (app_.count(option) > 0 && !there) throw Error(ErrorCode::usage, option + ": has no effect without " + partner);
}

}  // namespace mnist
