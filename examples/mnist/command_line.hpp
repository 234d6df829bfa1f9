// A program's command line: CLI11, with complaints in plain words.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace mnist {

class CommandLine {
 public:
  /// `program` is what --version says.
  CommandLine(const std::string& program, const std::string& description, const std::string& footer);

  /// An option with a value: what stands for the value, the help, and what to do with `name` and the text.
  void option(const std::string& name, const std::string& value, const std::string& help,
              std::function<void(const std::string& name, const std::string& text)> use);
  void flag(const std::string& name, bool& to, const std::string& help);

  /// Returns false if all is said already (--help, --version). Throws Error (usage), or what Console throws if that
  /// cannot be said.
  bool parse(int argc, const char* const* argv);

  /// Throws Error (usage) if `option` is given where its partner is not: an option that would have no effect is a
  /// mistake, as who gives it thinks that it has one.
  void only_with(const std::string& option, const std::string& partner, bool there) const;

 private:
  CLI::App app_;
  std::vector<std::string> flags_{"--help", "--version"};
};

}  // namespace mnist
