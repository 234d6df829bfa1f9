// Words in a picture, in the small font of stb_easy_font. Needs stb, as do grid.hpp and confusion.hpp, which include
// this.
#pragma once

#include <math.h>  // what stb includes
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/error.hpp>
#include <tinynet/plot/picture.hpp>
#include <vector>

// The font in a namespace of our own, so that a program may have its own copy before or after this one.
#pragma push_macro("INCLUDE_STB_EASY_FONT_H")
#undef INCLUDE_STB_EASY_FONT_H
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"  // all but two
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

/// A character that the font lacks: 16 rows of as many pixels, the highest bit to the left. They are drawn at half a
/// line's scale, so that 2 gives them as they are.
struct Glyph {
  char32_t character;                  ///< which one
  std::array<std::uint16_t, 16> rows;  ///< from the top
};

inline constexpr Index text_height = 12;  ///< of a line, in pixels

namespace detail {

// Calls ascii(text) and glyph(g) with the parts of a line.
template <class Ascii, class Character>
void for_each_part(std::string_view text, std::span<const Glyph> glyphs, const Ascii& ascii,
                   const Character& character) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = first_code_point(text.substr(at));
    const auto found =
        std::find_if(glyphs.begin(), glyphs.end(), [&](const Glyph& g) { return g.character == c.value; });
    if (c.length == 0 || found == glyphs.end()) {
      ++at;
      continue;
    }
    if (at > begin) ascii(text.substr(begin, at - begin));
    character(*found);
    begin = at += c.length;
  }
  if (text.size() > begin) ascii(text.substr(begin));
}

inline Index ascii_width(std::string_view text, Index scale) {
  std::string line = drawable(text);
  return tinynet_stb::stb_easy_font_width(line.data()) * scale;
}

constexpr Index glyph_width(Index scale) { return 9 * scale; }

inline void draw_glyph(Picture& picture, Index row, Index column, const Glyph& glyph, Color color, Index scale) {
  for (Index r = 0; r < 8 * scale; ++r)
    for (Index c = 0; c < 8 * scale; ++c)
      if ((glyph.rows[static_cast<std::size_t>(2 * r / scale)] >> (15 - 2 * c / scale) & 1) != 0)
        picture.fill(row + r, column + c, 1, 1, color);
}

inline void draw_ascii(Picture& picture, Index row, Index column, std::string_view text, Color color, Index scale) {
  struct Corner {
    float x, y, z;
    std::array<unsigned char, 4> color;
  };
  std::string line = drawable(text);
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

}  // namespace detail

/// How wide `draw_text` makes a line, in pixels. It is text_height * scale high.
inline Index text_width(std::string_view text, Index scale = 1, std::span<const Glyph> glyphs = {}) {
  Index width = 0;
  detail::for_each_part(
      text, glyphs, [&](std::string_view part) { width += detail::ascii_width(part, scale); },
      [&](const Glyph&) { width += detail::glyph_width(scale); });
  return width;
}

/// One line of ASCII and of `glyphs` (other characters are drawn as '?'), its top left corner at (row, column).
inline void draw_text(Picture& picture, Index row, Index column, std::string_view text, Color color, Index scale = 1,
                      std::span<const Glyph> glyphs = {}) {
  detail::for_each_part(
      text, glyphs,
      [&](std::string_view part) {
        detail::draw_ascii(picture, row, column, part, color, scale);
        column += detail::ascii_width(part, scale);
      },
      [&](const Glyph& glyph) {
        detail::draw_glyph(picture, row, column, glyph, color, scale);
        column += detail::glyph_width(scale);
      });
}

/// The same, with its middle at `middle`.
inline void draw_centred(Picture& picture, Index row, Index middle, std::string_view text, Color color, Index scale = 1,
                         std::span<const Glyph> glyphs = {}) {
  draw_text(picture, row, middle - text_width(text, scale, glyphs) / 2, text, color, scale, glyphs);
}

}  // namespace tinynet
