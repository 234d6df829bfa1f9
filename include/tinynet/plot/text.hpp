// Words in a picture, in the small font of stb_easy_font. Needs stb, as do grid.hpp and confusion.hpp, which include
// this.
#pragma once

#include <math.h>  // what stb includes
#include <stdlib.h>

#include <array>
#include <string>
#include <string_view>
#include <tinynet/plot/picture.hpp>
#include <vector>

// The font in a namespace of our own, so that a program may have its own copy before or after this one.
#pragma push_macro("INCLUDE_STB_EASY_FONT_H")
#undef INCLUDE_STB_EASY_FONT_H
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
namespace tinynet_stb {
#include <stb_easy_font.h>  // not found? Debian: apt-get install libstb-dev, and -I /usr/include/stb
}  // namespace tinynet_stb
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#pragma pop_macro("INCLUDE_STB_EASY_FONT_H")

namespace tinynet {

namespace detail {

// The font has ASCII; the library takes its text as char*, without const.
inline std::string drawable(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

}  // namespace detail

/// How wide `draw_text` makes a line, in pixels. It is text_height * scale high.
inline Index text_width(std::string_view text, Index scale = 1) {
  std::string line = detail::drawable(text);
  return tinynet_stb::stb_easy_font_width(line.data()) * scale;
}
inline constexpr Index text_height = 12;  ///< of a line, in pixels

/// One line of ASCII (other characters are drawn as '?'), its top left corner at (row, column).
inline void draw_text(Picture& picture, Index row, Index column, std::string_view text, Color color, Index scale = 1) {
  struct Corner {
    float x, y, z;
    std::array<unsigned char, 4> color;
  };
  std::string line = detail::drawable(text);
  std::vector<std::array<Corner, 4>> boxes(64 * line.size() + 1);  // about 270 bytes a letter, says the library
  const int bytes = static_cast<int>(boxes.size() * sizeof boxes[0]);
  const int count = tinynet_stb::stb_easy_font_print(0, 0, line.data(), nullptr, boxes.data(), bytes);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const Corner &from = boxes[i][0], &to = boxes[i][2];  // the corners go round the box
    const auto top = static_cast<Index>(from.y), left = static_cast<Index>(from.x);
    picture.fill(row + top * scale, column + left * scale, (static_cast<Index>(to.y) - top) * scale,
                 (static_cast<Index>(to.x) - left) * scale, color);
  }
}

/// The same, with its middle at `middle`.
inline void draw_centred(Picture& picture, Index row, Index middle, std::string_view text, Color color,
                         Index scale = 1) {
  draw_text(picture, row, middle - text_width(text, scale) / 2, text, color, scale);
}

}  // namespace tinynet
