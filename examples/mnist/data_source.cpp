#include "data_source.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <utility>

#include "download.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

// Where Debian's package dataset-fashion-mnist puts its files: the same format and sizes as MNIST's.
constexpr const char* fashion_folder = "/usr/share/datasets/fashion-mnist";

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_set(const char* variable) {
  const std::string value = environment(variable);
  return !value.empty() && value != "0";
}

Data read_folder(const std::string& folder, std::string name) {
  auto [train, test] = tinynet::read_mnist(folder);
  return {std::move(train), std::move(test), std::move(name), folder};
}

Data draw_digits() {
  auto [train, test] = tinynet::synthetic_digits();
  return {std::move(train), std::move(test), "synthetic", "drawn here"};
}

/// "60000 + 10000 images"
std::string sizes(const Data& data) {
  return std::to_string(data.train.size()) + " + " + std::to_string(data.test.size()) + " images";
}

/// MNIST from the cache, which is filled first if it must be. Throws Error (download or io).
Data read_cache(const DataChoice& choice, Console& console) {
  const std::string folder = cache_folder();
  std::string how = "the cache";
  if (const std::string problem = cache_problem(folder); !problem.empty()) {
    if (choice.offline || is_set("TINYNET_OFFLINE"))
      throw Error(ErrorCode::download, problem + ", and downloads are switched off");
    fill_cache(folder, console);
    how = "downloaded";
  }
  Data data = read_folder(folder, "mnist");
  console.note("data: MNIST, " + sizes(data) + " from " + folder + " (" + how + ")");
  return data;
}

/// The best there is without MNIST.
Data next_best(const std::string& why_not_mnist, Console& console) {
  std::error_code error;
  Data data = std::filesystem::exists(fashion_folder, error) ? read_folder(fashion_folder, "fashion") : draw_digits();
  const std::string what = data.name == "fashion"
                               ? std::string("Fashion-MNIST (clothes, not digits) from ") + fashion_folder
                               : "digits drawn by this program";
  console.note("data: NOT MNIST but " + what + ", " + sizes(data) + ", because MNIST was not found: " + why_not_mnist +
               ". --data DIR or TINYNET_DATA=DIR takes MNIST's four files from a folder");
  return data;
}

}  // namespace

Data load_data(const DataChoice& choice, Console& console) {
  if (!choice.folder.empty()) {
    if (choice.dataset == "synthetic")
      throw Error(ErrorCode::usage, "--data DIR and --dataset synthetic exclude each other");
    Data data = read_folder(choice.folder, choice.dataset.empty() ? "given" : choice.dataset);
    console.note("data: " + sizes(data) + " from " + choice.folder + " (--data)");
    return data;
  }
  if (choice.dataset == "synthetic") {
    Data data = draw_digits();
    console.note("data: digits drawn by this program, " + sizes(data) + " (--dataset synthetic)");
    return data;
  }
  if (choice.dataset == "fashion") {
    std::error_code error;
    if (!std::filesystem::exists(fashion_folder, error))
      throw Error({.code = ErrorCode::io,
                   .path = fashion_folder,
                   .what = "there is no Fashion-MNIST",
                   .hint = "Install Debian's dataset-fashion-mnist, or give the folder with --data DIR"});
    Data data = read_folder(fashion_folder, "fashion");
    console.note("data: Fashion-MNIST, " + sizes(data) + " from " + fashion_folder + " (--dataset fashion)");
    return data;
  }

  // A folder that is not there is passed over; one whose files are damaged is not: someone meant it to be used.
  std::string why = "TINYNET_DATA is not set";
  if (const std::string folder = environment("TINYNET_DATA"); !folder.empty()) try {
      Data data = read_folder(folder, "given");
      console.note("data: " + sizes(data) + " from " + folder + " (TINYNET_DATA)");
      return data;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::io) throw;
      why = std::string("TINYNET_DATA: ") + error.what();
    }
  try {
    return read_cache(choice, console);
  } catch (const Error& error) {
    if (choice.dataset == "mnist") {
      if (error.code() != ErrorCode::download) throw;
      throw Error(ErrorCode::download, "MNIST cannot be had: " + why + "; " + error.what() + ". " + by_hand());
    }
    if (error.code() != ErrorCode::download && error.code() != ErrorCode::io) throw;
    return next_best(why + "; " + error.what(), console);
  }
}

}  // namespace mnist
