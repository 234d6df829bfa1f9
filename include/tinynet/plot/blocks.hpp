// Pictures on a terminal, in block characters.
#pragma once

#include <span>
#include <string>
#include <tinynet/plot/picture.hpp>
#include <vector>

namespace tinynet {

/// A grey picture as lines of UTF-8 text, two of its rows to a line: a pixel of `threshold` or brighter is lit.
inline std::vector<std::string> block_lines(const Picture& picture, int threshold = 128) {
  const auto lit = [&](Index row, Index column) {
    return row < picture.height() && picture.at(row, column).green >= threshold;
  };
  std::vector<std::string> lines;
  for (Index row = 0; row < picture.height(); row += 2) {
    std::string& line = lines.emplace_back();
    for (Index column = 0; column < picture.width(); ++column) {
      const bool upper = lit(row, column), lower = lit(row + 1, column);
      line += upper && lower ? "\u2588" : upper ? "\u2580" : lower ? "\u2584" : " ";
    }
  }
  return lines;
}

/// Half as high and wide: each pixel the mean of four. The last row and column of an odd size are left out.
/// Throws Error (usage) for a picture of one row or column.
inline Picture halved(const Picture& picture) {
  Picture half(picture.height() / 2, picture.width() / 2);
  const auto mean = [](int a, int b, int c, int d) { return static_cast<std::uint8_t>((a + b + c + d + 2) / 4); };
  for (Index r = 0; r < half.height(); ++r)
    for (Index c = 0; c < half.width(); ++c) {
      const Color w = picture.at(2 * r, 2 * c), x = picture.at(2 * r, 2 * c + 1), y = picture.at(2 * r + 1, 2 * c),
                  z = picture.at(2 * r + 1, 2 * c + 1);
      half.fill(r, c, 1, 1,
                {mean(w.red, x.red, y.red, z.red), mean(w.green, x.green, y.green, z.green),
                 mean(w.blue, x.blue, y.blue, z.blue)});
    }
  return half;
}

}  // namespace tinynet
