#include "data_source.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string_view>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <utility>
#include <vector>

#include "download.hpp"
#include "environment.hpp"
#include "published_files.hpp"
#include "sha256.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::Index;

// Where Debian's package dataset-fashion-mnist puts its files: the same format and sizes as MNIST's.
constexpr const char* fashion_folder = "/usr/share/datasets/fashion-mnist";

/// The content of an IDX file of bytes.
std::vector<std::byte> idx_file(std::initializer_list<Index> shape, const std::uint8_t* bytes, Index count) {
  std::vector<std::byte> file{{}, {}, std::byte{0x08}, static_cast<std::byte>(shape.size())};
  for (const Index size : shape)
    for (const int shift : {24, 16, 8, 0}) file.push_back(static_cast<std::byte>(size >> shift));
  const auto values = std::as_bytes(std::span(bytes, static_cast<std::size_t>(count)));
  file.insert(file.end(), values.begin(), values.end());
  return file;
}

std::vector<std::byte> images_file(const tinynet::Images& images) {
  return idx_file({images.rows(), images.height(), images.width()}, images.data(), images.rows() * images.cols());
}

std::vector<std::byte> labels_file(const std::vector<std::uint8_t>& labels) {
  const auto count = static_cast<Index>(labels.size());
  return idx_file({count}, labels.data(), count);
}

/// Throws Error (data) naming the first of the files that does not hold what the data set `name` has there.
void insist(const std::array<std::string, 4>& paths, const tinynet::Mnist& data, const std::string& name) {
  const PublishedFiles& published = name == "fashion" ? fashion_files : mnist_files;
  const auto check = [&](std::size_t i, const std::vector<std::byte>& content) {
    const std::string found = sha256(content);
    if (found == published.at(i).sha256) return;
    throw Error({.path = paths.at(i),
                 .offset = 0,
                 .field = "content",
                 .what = "--dataset " + name + " was asked for, and this is something else",
                 .expected = "SHA-256 " + std::string(published.at(i).sha256),
                 .actual = found,
                 .hint = "Without --dataset the folder is taken as it is"});
  };
  check(3, labels_file(data.test.labels));  // the small ones first
  check(1, labels_file(data.train.labels));
  check(2, images_file(data.test.images));
  check(0, images_file(data.train.images));
}

bool is(const std::vector<std::uint8_t>& labels, const PublishedFile& file) {
  return labels.size() + 8 == file.size && sha256(labels_file(labels)) == file.sha256;
}

/// Says so where one of MNIST's sets stands in the other one's place.
void note_wrong_slot(const tinynet::Mnist& data, Console& console) {
  if (is(data.test.labels, mnist_files[1])) console.note("the test data are MNIST's training data");
  if (is(data.train.labels, mnist_files[3])) console.note("the training data are MNIST's test data");
}

/// Which of the published sets a folder of the user's has. The training images are taken on trust, as their hash takes
/// a fifth of a second.
std::string recognised(const tinynet::Mnist& data) {
  for (const auto& [name, files] : {std::pair{"mnist", &mnist_files}, std::pair{"fashion", &fashion_files}})
    if (is(data.test.labels, (*files)[3]) && is(data.train.labels, (*files)[1]) &&
        sha256(images_file(data.test.images)) == (*files)[2].sha256)
      return name;
  return {};
}

/// The data in a folder. `name` is the set that they must be, or "given" for any. `trusted` files are not looked at
/// closely, which takes 0.2 s or more.
Data read_folder(const std::string& folder, const std::string& name, Console& console, bool trusted = false) {
  auto data = tinynet::read_mnist(folder);
  const auto paths = tinynet::detail::find_mnist(folder);
  if (name != "given" && !trusted) insist(paths, data, name);
  if (name == "given") note_wrong_slot(data, console);
  std::string content = name == "given" ? recognised(data) : name;
  return {std::move(data.train), std::move(data.test), name, folder, paths[0], std::move(content)};
}

Data draw_digits() {
  auto [train, test] = tinynet::synthetic_digits();
  return {std::move(train), std::move(test), "synthetic", "drawn here", "", "synthetic"};
}

/// "60000 + 10000 images"
std::string sizes(const Data& data) {
  return std::to_string(data.train.size()) + " + " + std::to_string(data.test.size()) + " images";
}

/// " from DIR", and from where in it if the files lie below.
std::string place(const Data& data) {
  const auto folder = [](const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::weakly_canonical(path, error);
  };
  const std::filesystem::path files = std::filesystem::path(data.train_images_file).parent_path();
  return " from " + data.origin + (folder(files) == folder(data.origin) ? "" : ", its files in " + files.string());
}

/// "MNIST, 60000 + 10000 images"; only the images if it is not known what a folder has.
std::string description(const Data& data) {
  return (data.content == "mnist" ? "MNIST, " : data.content == "fashion" ? "Fashion-MNIST, " : "") + sizes(data);
}

/// MNIST from the cache, which is filled first if it must be; `passed_over` says what was not taken instead, if there
/// is something. Throws Error (download or io).
Data read_cache(const DataChoice& choice, const std::string& passed_over, Console& console) {
  const std::string folder = cache_folder();
  std::string how = "the cache";
  if (const std::string problem = cache_problem(folder); !problem.empty()) {
    if (choice.offline || is_set("TINYNET_OFFLINE"))
      throw Error(ErrorCode::download, problem + ", and downloads are switched off");
    fill_cache(folder, console);
    how = "downloaded";
  }
  Data data = read_folder(folder, "mnist", console, true);
  console.note("data: " + description(data) + " from " + folder + " (" + how + ")" +
               (passed_over.empty() ? "" : ", not from " + passed_over));
  return data;
}

/// The best there is without MNIST.
Data next_best(const std::string& why_not_mnist, Console& console) {
  std::error_code error;
  Data data = std::filesystem::exists(fashion_folder, error) ? read_folder(fashion_folder, "fashion", console, true)
                                                             : draw_digits();
  console.note("data: NOT MNIST but " + not_mnist(data) + ", " + sizes(data));
  console.note("MNIST was not found: " + why_not_mnist +
               ". --data DIR or TINYNET_DATA=DIR takes MNIST's four files from a folder");
  return data;
}

}  // namespace

std::string not_mnist(const Data& data) {
  if (data.content == "fashion") return "Fashion-MNIST: clothes, not handwritten digits";
  if (data.content == "synthetic") return "digits drawn by this program, not handwritten ones";
  return {};
}

std::vector<std::string> class_names(const Data& data) {
  if (data.content != "fashion") return {};
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
}

Data load_data(const DataChoice& choice, Console& console) {
  const std::string wanted = choice.dataset.empty() ? "given" : choice.dataset;
  if (!choice.folder.empty()) {
    if (wanted == "synthetic") throw Error(ErrorCode::usage, "--data DIR and --dataset synthetic exclude each other");
    Data data = read_folder(choice.folder, wanted, console);
    console.note("data: " + description(data) + place(data) + " (--data)");
    return data;
  }
  if (wanted == "synthetic") {
    Data data = draw_digits();
    console.note("data: digits drawn by this program, " + description(data) + " (--dataset synthetic)");
    return data;
  }
  if (wanted == "fashion") {
    std::error_code error;
    if (!std::filesystem::exists(fashion_folder, error))
      throw Error({.code = ErrorCode::io,
                   .path = fashion_folder,
                   .what = "there is no Fashion-MNIST",
                   .hint = "Install Debian's dataset-fashion-mnist, or give the folder with --data DIR"});
    Data data = read_folder(fashion_folder, "fashion", console, true);
    console.note("data: " + description(data) + " from " + fashion_folder + " (--dataset fashion)");
    return data;
  }

  // A folder that is not there is passed over; one whose files are damaged is not: someone meant it to be used.
  std::string passed_over;
  if (const std::string folder = environment("TINYNET_DATA"); !folder.empty()) try {
      Data data = read_folder(folder, wanted, console);
      console.note("data: " + description(data) + place(data) + " (TINYNET_DATA)");
      return data;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::io) throw;
      passed_over = std::string("TINYNET_DATA: ") + error.what();
    }
  const std::string why = passed_over.empty() ? "TINYNET_DATA is not set" : passed_over;
  try {
    return read_cache(choice, passed_over, console);
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
