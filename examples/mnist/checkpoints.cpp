#include "checkpoints.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <system_error>
#include <tinynet/core/version.hpp>
#include <tinynet/io/safetensors.hpp>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "data_fingerprint.hpp"
#include "numbers.hpp"
#include "settings.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

/// The options that the numbers of a training depend on, by the names of their places in the metadata.
std::vector<std::pair<std::string, std::string>> fixed_settings(const Options& o) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const Setting& s : settings())
    if (s.name != "steps" && s.name != "engine") list.emplace_back("--" + s.name, s.text(o).value_or("default"));
  return list;
}

std::string value_of(const tinynet::Metadata& about, const std::string& key) {
  const auto found = about.find(key);
  return found == about.end() ? "" : found->second;
}

/// Throws Error (data) if the file says that more steps were made than --steps can be.
void check_steps(const std::string& file, const tinynet::Metadata& about) {
  constexpr int most = std::numeric_limits<int>::max();
  const std::string text = value_of(about, tinynet::detail::checkpoint_steps);
  const auto steps = parse_number<std::int64_t>(text);
  if (steps && *steps > most)
    throw Error({.path = file,
                 .what = std::string("no training of this program: metadata ") + tinynet::detail::checkpoint_steps,
                 .expected = "at most " + std::to_string(most),
                 .actual = text});
}

/// The file itself, where `file` is a link to it.
std::string followed(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_symlink(file, error)) return file;
  const std::string target = std::filesystem::canonical(file, error).string();
  return error ? file : target;
}

void keep_previous(const std::string& file) {
  const std::string previous = previous_checkpoint(file), link = previous + ".tmp";
  std::error_code error;  // a file system without hard links keeps only the newest
  std::filesystem::remove(link, error);
  std::filesystem::create_hard_link(followed(file), link, error);
  if (!error) std::filesystem::rename(link, previous, error);
  std::filesystem::remove(link, error);  // a rename between two names of one file does nothing
}

/// What the checkpoint says of itself. If `file` is damaged and the one before is not, `file` becomes that one.
tinynet::Metadata readable(std::string& file, Console& console) {
  try {
    return tinynet::read_safetensors(file).metadata();
  } catch (const Error& damage) {
    std::error_code ignored;
    const std::string previous = previous_checkpoint(file);
    if (damage.code() != ErrorCode::data || !std::filesystem::exists(previous, ignored)) throw;
    tinynet::Metadata about;
    try {
      about = tinynet::read_safetensors(previous).metadata();
    } catch (const Error&) {
      throw damage;
    }
    file = previous;
    console.note(std::string(damage.what()) + "; goes on with " + file);
    return about;
  }
}

}  // namespace

std::string previous_checkpoint(const std::string& file) { return followed(file) + ".previous"; }

Checkpoints::Checkpoints(const Options& options, const tinynet::Dataset& train, Console& console)
    : options_(options), console_(console) {
  if (!options.checkpoint_file.empty()) check_output(options.checkpoint_file);
  if (!options.checkpoint_file.empty() || !options.resume_file.empty()) data_ = data_fingerprint({&train});
}

int Checkpoints::resume(Model& model) {
  if (options_.resume_file.empty()) return 0;
  std::string file = options_.resume_file;
  const tinynet::Metadata about = readable(file, console_);
  std::string then, now;
  const auto compare = [&](const std::string& name, const std::string& stored, const std::string& given) {
    if (stored == given) return;
    then += (then.empty() ? "" : ", ") + name + " " + (stored.empty() ? "(none)" : stored);
    now += (now.empty() ? "" : ", ") + name + " " + given;
  };
  for (const auto& [name, value] : fixed_settings(options_))
    if (name != "--lr" || !options_.allow_changes) compare(name, value_of(about, "mnist " + name), value);
  if (!options_.allow_changes) compare("tinynet", value_of(about, "mnist tinynet"), std::string(tinynet::version));
  compare("data", value_of(about, "mnist data"), data_);
  if (!then.empty())
    throw Error({.path = file,
                 .what = "a checkpoint of another training",
                 .expected = now,
                 .actual = then,
                 .hint = "--override lets --lr and the version of tinynet change"});
  check_steps(file, about);
  const int steps = model.load_checkpoint(file);
  if (options_.allow_changes) model.set_lr(options_.lr);
  resumed_loss_ = parse_number<float>(value_of(about, "mnist loss"));
  is_good_ = file == options_.checkpoint_file;
  if (is_good_) written_ = steps;
  return steps;
}

void Checkpoints::after(Model& model, int steps, std::optional<float> loss) {
  if (steps % options_.checkpoint_every != 0) return;
  try {
    finish(model, steps, loss);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::io || options_.strict_save) throw;
    const std::string left = text();
    console_.note("the training goes on, but no checkpoint could be written: " + std::string(error.what()) +
                  (left.empty() ? "" : "; " + left));
  }
}

void Checkpoints::finish(Model& model, int steps, std::optional<float> loss) {
  const std::string& file = options_.checkpoint_file;
  if (file.empty() || written_ == steps) return;
  if (const std::string name = nonfinite_weight(model); !name.empty())
    throw Error(ErrorCode::numeric, name + " has numbers that are not finite " +
                                        (steps > 0 ? "after step " + std::to_string(steps - 1) : "before step 0") +
                                        "; " + (written_ < 0 ? "no checkpoint is written" : text()) +
                                        ". A smaller --lr may help");
  tinynet::Metadata about{{"mnist data", data_}, {"mnist tinynet", std::string(tinynet::version)}};
  for (const auto& [name, value] : fixed_settings(options_)) about["mnist " + name] = value;
  if (loss) about["mnist loss"] = shortest(*loss);
  if (is_good_) keep_previous(file);
  model.save_checkpoint(file, std::move(about));
  written_ = steps;
  is_good_ = true;
}

std::string Checkpoints::text() const {
  if (written_ < 0) return "";
  return "the checkpoint after " + std::to_string(written_) + " steps is " +
         tinynet::detail::printable(options_.checkpoint_file);
}

}  // namespace mnist
