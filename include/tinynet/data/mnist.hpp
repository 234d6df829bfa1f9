// The four files of MNIST, or of a data set in the same format such as Fashion-MNIST. Needs zlib.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/gzip.hpp>
#include <tinynet/data/idx.hpp>
#include <tinynet/io/file.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// What read_mnist returns: `const auto [train, test] = read_mnist("data/mnist");`
struct Mnist {
  Dataset train, test;  ///< to learn from, and to test with
};

namespace detail {

// The names of one of the four files, without ".gz": MNIST's own, as other programs unpack it, the article's.
using MnistNames = std::array<std::string_view, 3>;

inline constexpr std::array<MnistNames, 4> mnist_files{{
    {"train-images-idx3-ubyte", "train-images.idx3-ubyte", "train_imgs"},
    {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte", "train_labs"},
    {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", "test_imgs"},
    {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", "test_labs"},
}};

// The four paths. Throws Error (io) that lists what is missing.
inline std::array<std::string, 4> find_mnist(const std::string& folder) {
  check_path(folder);
  std::error_code error;
  const auto status = std::filesystem::status(folder, error);
  if (!std::filesystem::is_directory(status))
    throw Error({.code = ErrorCode::io,
                 .path = folder,
                 .what = "no folder to read MNIST from",
                 .expected = "a folder with the four files",
                 .actual = std::filesystem::exists(status) ? "something else" : error.message()});

  std::array<std::string, 4> paths;
  std::string missing;
  for (std::size_t i = 0; i < mnist_files.size(); ++i) {
    for (const std::string_view name : mnist_files[i])
      for (const std::string_view ending : {"", ".gz"}) {
        const auto path = std::filesystem::path(folder) / (std::string(name) + std::string(ending));
        if (!paths[i].empty() || !std::filesystem::exists(path, error)) continue;
        paths[i] = path.string();
      }
    if (!paths[i].empty()) continue;
    missing += missing.empty() ? "" : "; ";
    for (const std::string_view name : mnist_files[i])
      missing += (name == mnist_files[i][0] ? "" : " or ") + std::string(name) + "[.gz]";
  }
  if (!missing.empty())
    throw Error({.code = ErrorCode::io,
                 .path = folder,
                 .what = "MNIST is not complete",
                 .expected = missing,
                 .actual = error ? error.message() : "no such file"});
  return paths;
}

inline Dataset read_mnist_part(const std::string& images_path, const std::string& labels_path) {
  FileSource images_file(images_path), labels_file(labels_path);
  GzipSource images_source(images_file), labels_source(labels_file);
  // The labels first: they are small, so a mistake shows at once.
  auto labels = read_idx_labels(labels_source, 10, images_path);
  auto images = read_idx_images(images_source, labels_path);
  if (static_cast<Index>(labels.size()) != images.size())
    throw Error({.path = labels_path,
                 .offset = 4,
                 .field = "number of items",
                 .what = "not as many labels as images in " + printable(images_path),
                 .expected = std::to_string(images.size()) + " labels",
                 .actual = std::to_string(labels.size())});
  return {std::move(images), std::move(labels)};
}

}  // namespace detail

/// Reads MNIST from the four IDX files in `folder`. Each may be raw or gzip and have MNIST's own name
/// (`train-images-idx3-ubyte` or `train-images.idx3-ubyte`) or the article's (`train_imgs`, `train_labs`, `test_imgs`,
/// `test_labs`), with `.gz` at the end or not. A raw file is preferred.
/// Throws Error: io if a file is missing (all missing ones are listed) or cannot be read, data if its content is wrong.
inline Mnist read_mnist(const std::string& folder) {
  const auto [train_images, train_labels, test_images, test_labels] = detail::find_mnist(folder);
  // The small test set first, as above.
  Dataset test = detail::read_mnist_part(test_images, test_labels);
  Dataset train = detail::read_mnist_part(train_images, train_labels);
  const auto size = [](const Images& images) {
    return std::to_string(images.height()) + " x " + std::to_string(images.width());
  };
  if (size(train.images) != size(test.images))
    throw Error({.path = test_images,
                 .offset = 8,
                 .field = "height and width",
                 .what = "images of another size than in " + detail::printable(train_images),
                 .expected = size(train.images),
                 .actual = size(test.images)});
  return {std::move(train), std::move(test)};
}

}  // namespace tinynet
