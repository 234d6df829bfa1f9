// What --show draws on the terminal, in block characters.
#pragma once

#include <span>
#include <string>
#include <tinynet/train.hpp>
#include <vector>

#include "options.hpp"

namespace mnist {

/// One image as lines of text.
std::vector<std::string> shown_image(const tinynet::Dataset& data, Index index);

/// The misclassified as a grid, at most 64 and at half their size, as many beside each other as `width` columns take
/// and at most 8; each with the predicted and the actual class above, by its name in `names` if there are any.
std::vector<std::string> shown_misclassified(const tinynet::Dataset& data,
                                             std::span<const tinynet::Misclassified> wrong,
                                             const std::vector<std::string>& names, int width);

}  // namespace mnist
