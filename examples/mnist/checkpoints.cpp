#include "checkpoints.hpp"

#include <charconv>
#include <cstdio>
#include <span>
#include <tinynet/io/safetensors.hpp>
#include <utility>
#include <vector>

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

/// An option that the numbers of a training depend on, as the command line has it.
struct Setting {
  std::string name, value;
};

std::vector<Setting> settings(const Options& o) {
  const auto number = [](double x) {
    char text[32];
    return std::string(text, std::to_chars(text, text + sizeof text, x).ptr);
  };
  const auto optional = [&](const std::optional<double>& x) { return x ? number(*x) : std::string("default"); };
  std::string hidden;
  for (const tinynet::Index width : o.hidden) hidden += (hidden.empty() ? "" : ",") + std::to_string(width);
  return {{"--hidden", hidden},
          {"--activation", o.activation},
          {"--seed", std::to_string(o.seed)},
          {"--optimizer", o.optimizer},
          {"--lr", number(o.lr)},
          {"--momentum", optional(o.momentum)},
          {"--weight-decay", optional(o.weight_decay)},
          {"--batch", std::to_string(o.batch)},
          {"--scale", number(o.scale)}};
}

std::string fingerprint(const tinynet::Dataset& data) {
  tinynet::detail::Fnv1a hash;
  const tinynet::Images& images = data.images;
  hash.add(std::span<const std::uint8_t>(images.data(), static_cast<std::size_t>(images.rows() * images.cols())));
  hash.add(std::span<const std::uint8_t>(data.labels));
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
  return text;
}

std::string value_of(const tinynet::Metadata& about, const std::string& key) {
  const auto found = about.find(key);
  return found == about.end() ? "" : found->second;
}

}  // namespace

Checkpoints::Checkpoints(const Options& options, const tinynet::Dataset& train) : options_(options) {
  if (!options.checkpoint_file.empty()) tinynet::check_writable(options.checkpoint_file);
  if (!options.checkpoint_file.empty() || !options.resume_file.empty()) data_ = fingerprint(train);
}

int Checkpoints::resume(Model& model) const {
  const std::string& file = options_.resume_file;
  if (file.empty()) return 0;
  const tinynet::Metadata about = tinynet::read_safetensors(file).metadata();
  for (const Setting& s : settings(options_))
    if (const std::string then = value_of(about, "mnist " + s.name); then != s.value)
      throw Error(ErrorCode::usage, "--resume: " + tinynet::detail::printable(file) + " is of a training with " +
                                        s.name + " " + (then.empty() ? "(none)" : then) + ", not " + s.value);
  if (value_of(about, "mnist data") != data_)
    throw Error({.path = file,
                 .what = "a checkpoint of a training on other data",
                 .expected = "data with the fingerprint " + data_,
                 .actual = value_of(about, "mnist data")});
  const int steps = model.load_checkpoint(file);
  if (steps >= options_.steps)
    throw Error(ErrorCode::usage, "--resume: " + tinynet::detail::printable(file) + " has made " +
                                      std::to_string(steps) + " steps already, and --steps is " +
                                      std::to_string(options_.steps));
  return steps;
}

void Checkpoints::after(Model& model, int steps) {
  if (steps % options_.checkpoint_every == 0) finish(model, steps);
}

void Checkpoints::finish(Model& model, int steps) {
  if (options_.checkpoint_file.empty() || written_ == steps) return;
  if (const std::string name = nonfinite_weight(model); !name.empty())
    throw Error(ErrorCode::numeric, name + " has numbers that are not finite after step " + std::to_string(steps - 1) +
                                        "; " + (written_ < 0 ? "no checkpoint is written" : text()) +
                                        ". A smaller --lr may help");
  tinynet::Metadata about{{"mnist data", data_}};
  for (const Setting& s : settings(options_)) about["mnist " + s.name] = s.value;
  model.save_checkpoint(options_.checkpoint_file, std::move(about));
  written_ = steps;
}

std::string Checkpoints::text() const {
  if (written_ < 0) return "";
  return "the checkpoint after " + std::to_string(written_) + " steps is " +
         tinynet::detail::printable(options_.checkpoint_file);
}

}  // namespace mnist
