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

/// The curve of the losses, for svg.hpp.
std::string loss_svg(const RunRecord& run, const tinynet::ChartText& text);

/// Every PNG of the output folder with its name. The misclassified are 64 to a page: misclassified.png,
/// misclassified_2.png, ...
std::vector<std::pair<std::string, tinynet::Picture>> pictures(const RunRecord& run);

}  // namespace mnist
