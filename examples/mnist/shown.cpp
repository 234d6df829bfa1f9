#include "shown.hpp"

#include <algorithm>
#include <tinynet/plot/blocks.hpp>

#include "image_picture.hpp"

namespace mnist {

std::vector<std::string> shown_image(const tinynet::Dataset& data, Index index) {
  std::vector<std::string> lines = tinynet::block_lines(image_picture(data, index));
  for (std::string& line : lines) line.resize(line.find_last_not_of(' ') + 1);
  return lines;
}

std::vector<std::string> shown_misclassified(const tinynet::Dataset& data,
                                             std::span<const tinynet::Misclassified> wrong,
                                             const std::vector<std::string>& names, int width) {
  constexpr std::size_t most = 64, most_columns = 8, caption_width = 11;
  wrong = wrong.first(std::min(wrong.size(), most));
  const Index shrink = std::min(data.images.width(), data.images.height()) < 2 ? 1 : 2;
  const auto picture_width = static_cast<std::size_t>(data.images.width() / shrink);
  const std::size_t tile = std::max(picture_width, caption_width) + 2;
  const std::size_t columns = std::clamp<std::size_t>(static_cast<std::size_t>(width) / tile, 1, most_columns);
  std::vector<std::string> lines;
  for (std::size_t first = 0; first < wrong.size(); first += columns) {
    const auto row = wrong.subspan(first, std::min(columns, wrong.size() - first));
    const std::size_t captions = names.empty() ? 1 : 2;
    std::vector<std::string> block(static_cast<std::size_t>((data.images.height() / shrink + 1) / 2) + captions);
    const auto add = [&](std::size_t line, const std::string& caption) {
      block[line] += caption + std::string(tile - std::min(columns_of(caption), tile), ' ');
    };
    for (const tinynet::Misclassified& m : row) {
      if (names.empty()) {
        add(0, said("pred " + std::to_string(m.predicted) + " is " + std::to_string(m.actual)));
      } else {
        add(0, said(names.at(static_cast<std::size_t>(m.predicted))) + "?");
        add(1, said("is " + names.at(static_cast<std::size_t>(m.actual))));
      }
      const tinynet::Picture whole = image_picture(data, m.index);
      const auto drawn = tinynet::block_lines(shrink == 1 ? whole : tinynet::halved(whole), 90);
      for (std::size_t i = 0; i < drawn.size(); ++i)
        block[i + captions] += drawn[i] + std::string(tile - picture_width, ' ');
    }
    for (std::string& line : block) line.resize(line.find_last_not_of(' ') + 1);
    lines.insert(lines.end(), block.begin(), block.end());
  }
  return lines;
}

}  // namespace mnist
