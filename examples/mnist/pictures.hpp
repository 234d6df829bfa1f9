// What a run looks like.
#pragma once

#include <string>
#include <tinynet/plot/grid.hpp>
#include <tinynet/plot/picture.hpp>
#include <tinynet/plot/svg.hpp>
#include <utility>
#include <vector>

#include "run_record.hpp"

namespace mnist {

/// The weights of each neuron of the first layer as pictures of the size of the input: blue is negative, red positive,
/// all on one scale. At most the first 100.
std::vector<tinynet::Picture> neuron_pictures(Model& model, Index height, Index width);

/// The curve of the losses as an SVG file.
std::string loss_svg(const RunRecord& run);

/// How many misclassified images are on a page.
inline constexpr std::size_t page_size = 64;

/// Every PNG of the output folder with its name, misclassified.png, misclassified_2.png and so on for the pages.
std::vector<std::pair<std::string, tinynet::Picture>> pictures(const RunRecord& run);

}  // namespace mnist
