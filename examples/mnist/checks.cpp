#include "checks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <tinynet/data/mnist.hpp>
#include <tinynet/io/file.hpp>
#include <vector>

#include "limits.hpp"
#include "model.hpp"
#include "numbers.hpp"

namespace mnist {

using tinynet::Error;
using tinynet::ErrorCode;

namespace {

/// Whether both names are of one file, which need not be there yet. Pipes and devices may be written to twice.
bool are_one_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;  // of one that cannot be looked at whoever opens it will complain
  if (std::filesystem::exists(a, error) && !std::filesystem::is_regular_file(a, error)) return false;
  const auto whole = [&](const auto& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  return whole(a) == whole(b);
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
  struct Name {
    std::string whose, path;
  };
  std::vector<Name> names;
  if (!data.train_images_file.empty())
    for (const auto& file : tinynet::detail::find_mnist(data.origin)) names.push_back({"the data", file});
  const std::size_t read = names.size();
  if (!options.out_folder.empty())
    for (const char* const name : {"report.html", "first_image.png", "misclassified.png", "loss.svg", "confusion.png",
                                   "metrics.csv", "model.safetensors", "run.json"})
      names.push_back({"--out", options.out_folder + "/" + name});
  for (const auto& [option, file] : {Name{"--save", options.save_file}, Name{"--checkpoint", options.checkpoint_file},
                                     Name{"--metrics", options.metrics_file}})
    if (!file.empty()) names.push_back({option, file});
  for (std::size_t i = read; i < names.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (are_one_file(names[i].path, names[j].path))
        throw Error(ErrorCode::usage, names[i].whose + ": expected a file of its own, found '" +
                                          tinynet::detail::printable(names[i].path) + "', which is " +
                                          (j < read ? "one of the data" : "that of " + names[j].whose));
}

double memory_of_lists(const tinynet::Images& images) {
  const Index size = images.rows() * images.cols();
  const Index zeros = std::count(images.data(), images.data() + size, std::uint8_t{0});
  return zeros > size / 2 ? 5 * static_cast<double>(size - zeros) : 0;
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
