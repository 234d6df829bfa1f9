// The four files of MNIST, or of a data set in the same format such as Fashion-MNIST. Needs zlib.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/gzip.hpp>
#include <tinynet/data/idx.hpp>
#include <tinynet/data/mnist_files.hpp>
#include <tinynet/io/file.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// What read_mnist returns: `const auto [train, test] = read_mnist("data/mnist");`
struct Mnist {
  Dataset train, test;  ///< to learn from, and to test with
};

/// What read_mnist is told beside the path.
struct MnistOptions {
  int classes =
      0;  ///< how many there are, to 256; 0: what the data set's name says (EMNIST's letters 26, ...), else 10
};

namespace detail {

/// The four paths, as find_mnist_files.
inline std::array<std::string, 4> find_mnist(const std::string& path) { return find_mnist_files(path).paths; }

inline std::vector<std::uint8_t> read_mnist_labels(const std::string& labels_path, const std::string& images_path,
                                                   int classes) {
  FileSource file(labels_path);
  GzipSource source(file);
  return read_idx_labels(source, classes, images_path);
}

inline Dataset read_mnist_part(const std::string& images_path, const std::string& labels_path, int classes) {
  // The labels first: they are small, so a mistake shows at once.
  auto labels = read_mnist_labels(labels_path, images_path, classes);
  FileSource images_file(images_path);
  GzipSource images_source(images_file);
  auto images = read_idx_images(images_source, labels_path);
  if (static_cast<Index>(labels.size()) != images.size())
    throw Error({.path = labels_path,
                 .offset = 4,
                 .field = "number of items",
                 .what = "not as many labels as images in " + printable(images_path),
                 .expected = std::to_string(images.size()) + " labels",
                 .actual = std::to_string(labels.size())});
  return {std::move(images), std::move(labels), classes};
}

inline bool has_label(const Mnist& data, int label) {
  const auto in = [label](const Dataset& part) {
    return std::find(part.labels.begin(), part.labels.end(), label) != part.labels.end();
  };
  return in(data.train) || in(data.test);
}

}  // namespace detail

/// Reads MNIST, or another data set in its format, from four IDX files, each raw or gzip (with `.gz` at the end); a raw
/// one is preferred. `path` is
///   - the folder that they lie in, under MNIST's own names (`train-images-idx3-ubyte`, `train-images.idx3-ubyte`; in a
///     folder of that name, too, as in Kaggle's archive), the article's (`train_imgs`, `train_labs`, `test_imgs`,
///     `test_labs`), or those of EMNIST (`emnist-letters-train-images-idx3-ubyte`) or QMNIST;
///   - a folder above it, such as torchvision's (`MNIST/raw` lies there), if there is one data set below;
///   - what the names begin with, if there are several sets in a folder: `EMNIST/raw/emnist-letters`.
///
/// `Dataset::classes` says how many classes there are: 10, or what EMNIST's names say (byclass 62, bymerge and balanced
/// 47, letters 26), or `options`. Labels 1 to 26, as those of EMNIST's letters, become 0 to 25; of QMNIST's eight
/// numbers an image the first is the label. EMNIST's images are transposed in their files, and stay so (as in
/// torchvision).
///
/// Throws Error: io if a file is missing (all missing ones are listed) or cannot be read, data if there are several
/// data sets (all are listed) or the content is wrong, usage if there cannot be so many classes.
inline Mnist read_mnist(const std::string& path, const MnistOptions& options = {}) {
  if (options.classes < 0 || options.classes > 256)
    throw Error(ErrorCode::usage, "read_mnist: expected 1 to 256 classes, or 0 for those of the name, found " +
                                      std::to_string(options.classes));
  const detail::MnistFiles files = detail::find_mnist_files(path);
  const auto& [train_images, train_labels, test_images, test_labels] = files.paths;
  const int classes = options.classes == 0 ? files.classes() : options.classes;
  const int from_one =
      (options.classes != 0 && classes < 256) || files.set == "emnist-letters" ? 1 : 0;  // may the labels begin with 1?
  // The small test set first, as above.
  Dataset test = detail::read_mnist_part(test_images, test_labels, classes + from_one);
  Dataset train = detail::read_mnist_part(train_images, train_labels, classes + from_one);
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
  Mnist data{std::move(train), std::move(test)};
  if (detail::has_label(data, classes)) {
    if (detail::has_label(data, 0)) {  // one too many: these say where
      detail::read_mnist_labels(test_labels, test_images, classes);
      detail::read_mnist_labels(train_labels, train_images, classes);
    }
    for (Dataset* const part : {&data.train, &data.test})
      for (std::uint8_t& label : part->labels) --label;
  }
  for (Dataset* const part : {&data.train, &data.test}) part->classes = classes;
  return data;
}

}  // namespace tinynet
