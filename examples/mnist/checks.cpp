#include "checks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <tinynet/data/mnist.hpp>
#include <tinynet/io/file.hpp>
#include <utility>

#include "checkpoints.hpp"
#include "limits.hpp"
#include "model.hpp"
#include "numbers.hpp"
#include "output_folder.hpp"

namespace mnist {

using tinynet::Error;
using tinynet::ErrorCode;

namespace {

/// The one name of a file that need not be there yet; empty if it cannot be looked at, or is a pipe or a device, which
/// may be written to twice.
std::filesystem::path one_name(const std::filesystem::path& path) {
  std::error_code error;  // whoever opens it will complain
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) return {};
  return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
}

}  // namespace

void check_data(const Data& data, Console& console) {
  const tinynet::Images& images = data.train.images;
  if (images.cols() != inputs)
    throw Error({.path = data.train_images_file,
                 .offset = 8,
                 .field = "height and width",
                 .what = "images of the wrong size",
                 .expected = std::to_string(inputs) + " pixels, as the net has inputs",
                 .actual = std::to_string(images.height()) + " x " + std::to_string(images.width()) + " = " +
                           std::to_string(images.cols())});
  if (data.train.size() == 0 || data.test.size() == 0) throw Error({.path = data.origin, .what = "no examples"});
  if (data.train.classes != classes)
    throw Error({.path = data.origin,
                 .what = "a data set with another number of classes",
                 .expected = std::to_string(classes) + ", as the net has outputs",
                 .actual = std::to_string(data.train.classes),
                 .hint = "The library reads it: read_mnist, with an MLP of as many outputs"});
  std::array<Index, classes> counts{};
  for (const std::uint8_t label : data.train.labels) ++counts.at(label);
  if (std::count(counts.begin(), counts.end(), 0) > 0) {
    std::string text = "not every class occurs in the training set; 0 to 9 occur";
    for (const Index count : counts) text.append(" ").append(std::to_string(count));
    console.note(text + " times");
  }
  const std::uint8_t* const pixels = images.data();
  if (std::all_of(pixels, pixels + images.rows() * images.cols(), [&](std::uint8_t p) { return p == pixels[0]; }))
    console.note("all training images are blank");
}

void check_names(const Options& options, const Data& data) {
  std::map<std::filesystem::path, std::string> owners;
  if (!data.train_images_file.empty())
    for (const std::string& file : tinynet::detail::find_mnist(data.origin)) owners[one_name(file)] = "one of the data";
  const auto take = [&](const std::string& option, const std::string& file) {
    const std::filesystem::path name = one_name(file);
    if (name.empty()) return;
    const auto [owner, is_new] = owners.try_emplace(name, "that of " + option);
    if (!is_new)
      throw Error(ErrorCode::usage, option + ": expected a file of its own, found '" +
                                        tinynet::detail::printable(file) + "', which is " + owner->second);
  };
  if (!options.out_folder.empty())
    for (const std::string& name : OutputFolder::names()) take("--out", options.out_folder + "/" + name);
  if (!options.checkpoint_file.empty()) take("--checkpoint", previous_checkpoint(options.checkpoint_file));
  for (const auto& [option, file] :
       {std::pair{"--save", options.save_file}, std::pair{"--checkpoint", options.checkpoint_file},
        std::pair{"--metrics", options.metrics_file}})
    if (!file.empty()) take(option, file);
  // Weights may be replaced by those that they become, and a checkpoint by a later one; by nothing else.
  const auto keep = [&](const std::string& option, const std::string& file, const std::string& heir) {
    const auto owner = file.empty() ? owners.end() : owners.find(one_name(file));
    if (owner != owners.end() && owner->second.starts_with("that of ") && owner->second != "that of " + heir &&
        owner->second != "that of --out")
      throw Error(ErrorCode::usage, option + ": expected a file that is not written to, found '" +
                                        tinynet::detail::printable(file) + "', which is " + owner->second);
  };
  keep("--init", options.init_file, "--save");
  keep("--resume", options.resume_file, "--checkpoint");
}

double memory_of(const Data& data) {
  const tinynet::Images& images = data.train.images;
  const Index size = images.rows() * images.cols();
  const Index zeros = std::count(images.data(), images.data() + size, std::uint8_t{0});
  return data.bytes() + (zeros > size / 2 ? 5 * static_cast<double>(size - zeros) : 0);
}

void check_memory(double needed, const std::string& what, const std::string& hint) {
  if (const double present = memory_present(); needed > present)
    throw Error(ErrorCode::io, "not enough memory: " + what + " about " + fixed(needed, 0) + " bytes; there are " +
                                   fixed(present, 0) + ". Try " + hint);
}

void check_output(const std::string& path) {
  tinynet::check_writable(path);
  tinynet::detail::TemporaryFile attempt(tinynet::detail::find_target(path).path);
  attempt.write(std::array<std::uint8_t, 16384>{});
}

}  // namespace mnist
