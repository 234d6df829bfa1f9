// Where the pictures come from.
#pragma once

#include <cstdint>
#include <string>
#include <tinynet/data/dataset.hpp>
#include <vector>

#include "console.hpp"

namespace mnist {

/// What the user said about the data.
struct DataChoice {
  std::string folder;    ///< --data; given, nothing else is tried
  std::string dataset;   ///< --dataset: mnist, fashion or synthetic; empty: MNIST, or the best at hand
  bool offline = false;  ///< nothing is downloaded
};

struct Data {
  tinynet::Dataset train, test;
  std::string name;               ///< "mnist", "fashion", "synthetic", or "given" for a folder of the user's
  std::string origin;             ///< the folder, or "drawn here"
  std::string train_images_file;  ///< the path, empty if they were drawn
  std::string content = {};       ///< "mnist", "fashion" or "synthetic" if they are known to be that

  /// What the images and labels take in memory.
  double bytes() const {
    const auto of = [](const tinynet::Dataset& set) {
      return static_cast<double>(set.size()) * static_cast<double>(set.images.cols() + 1);
    };
    return of(train) + of(test);
  }
};

/// What the data show: "Fashion-MNIST: clothes, not handwritten digits"; empty for MNIST and for what is not known.
std::string not_mnist(const Data& data);

/// What the classes are called; empty if they are the digits 0 to 9.
std::vector<std::string> class_names(const Data& data);

/// Reads MNIST from the first of: --data DIR, $TINYNET_DATA, the user's cache, a download into that cache; where none
/// of these has it, Fashion-MNIST as Debian installs it, and at last digits that are drawn here. Says in one line which
/// it took, and in a second one why not MNIST. Throws Error if the folder given is no good or, byte for byte, not the
/// data set asked for, or that data set cannot be had.
Data load_data(const DataChoice& choice, Console& console);

}  // namespace mnist
