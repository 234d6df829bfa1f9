// Many small pictures in one, as matplotlib's subplots: misclassified digits, the weights of a layer's neurons.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <tinynet/plot/picture.hpp>
#include <tinynet/plot/text.hpp>
#include <vector>

namespace tinynet {

/// A line under a tile.
struct Caption {
  /// ASCII, or what GridOptions has glyphs for
  std::string text;
  Color color{};  ///< of the text
};

/// A picture and what is written under it.
struct Tile {
  Picture picture;                     ///< of any size
  std::vector<Caption> captions = {};  ///< from top to bottom
};

/// How a grid of tiles is laid out.
struct GridOptions {
  Index columns = 8;                   ///< how many tiles lie beside one another, at most
  Index scale = 3;                     ///< each pixel of a tile becomes a square of so many
  std::string title = {};              ///< above all
  Index text_scale = 1;                ///< of the captions; the title has 2
  std::span<const Glyph> glyphs = {};  ///< for words that are not ASCII
};

/// The tiles row by row, on white. Without tiles the title alone.
inline Picture grid_picture(std::span<const Tile> tiles, const GridOptions& options = {}) {
  constexpr Index gap = 8;
  const auto count = static_cast<Index>(tiles.size());
  const Index columns = std::max<Index>(std::min(options.columns, count), 1), rows = (count + columns - 1) / columns;
  Index tile_height = 0, tile_width = 0, lines = 0, text = 0;
  for (const Tile& tile : tiles) {
    tile_height = std::max(tile_height, tile.picture.height() * options.scale);
    tile_width = std::max(tile_width, tile.picture.width() * options.scale);
    lines = std::max(lines, static_cast<Index>(tile.captions.size()));
    for (const Caption& caption : tile.captions)
      text = std::max(text, text_width(caption.text, options.text_scale, options.glyphs));
  }
  const Index cell_width = std::max(tile_width, text) + gap;
  const Index line_height = text_height * options.text_scale;
  const Index cell_height = tile_height + (lines > 0 ? 2 + lines * line_height : 0) + gap;
  const Index title_height = options.title.empty() ? 0 : 2 * text_height + gap;

  Picture picture(title_height + rows * cell_height + gap,
                  std::max(columns * cell_width, text_width(options.title, 2, options.glyphs)) + gap);
  draw_text(picture, gap, gap, options.title, {}, 2, options.glyphs);
  for (Index i = 0; i < count; ++i) {
    const Tile& tile = tiles[static_cast<std::size_t>(i)];
    const Index middle = gap / 2 + i % columns * cell_width + cell_width / 2;
    Index row = title_height + gap + i / columns * cell_height;
    picture.draw(row, middle - tile.picture.width() * options.scale / 2, tile.picture, options.scale);
    row += tile_height + 2;
    for (const Caption& caption : tile.captions) {
      draw_centred(picture, row, middle, caption.text, caption.color, options.text_scale, options.glyphs);
      row += line_height;
    }
  }
  return picture;
}

}  // namespace tinynet
