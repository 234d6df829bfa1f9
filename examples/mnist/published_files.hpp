// The data sets that are known by their content.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace mnist {

/// One of a data set's four files.
struct PublishedFile {
  std::string_view name;
  std::size_t size;         ///< of the content
  std::size_t packed_size;  ///< of the original .gz, for the progress bar; mirrors may have packed anew
  std::string_view sha256;  ///< of the content
};

/// Images and labels of the training set, then of the test set.
using PublishedFiles = std::array<PublishedFile, 4>;

/// MNIST, as Yann LeCun, Corinna Cortes and Chris Burges published it.
inline constexpr PublishedFiles mnist_files{{
    {"train-images-idx3-ubyte", 47040016, 9912422, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
    {"train-labels-idx1-ubyte", 60008, 28881, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
    {"t10k-images-idx3-ubyte", 7840016, 1648877, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
    {"t10k-labels-idx1-ubyte", 10008, 4542, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
}};

/// Fashion-MNIST, as Debian's package dataset-fashion-mnist has it.
inline constexpr PublishedFiles fashion_files{{
    {"train-images-idx3-ubyte", 47040016, 26421856, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
    {"train-labels-idx1-ubyte", 60008, 29491, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    {"t10k-images-idx3-ubyte", 7840016, 4422079, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
    {"t10k-labels-idx1-ubyte", 10008, 5125, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
}};

}  // namespace mnist
