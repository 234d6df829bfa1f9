// The confusion matrix as a picture.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <tinynet/plot/picture.hpp>
#include <tinynet/plot/text.hpp>

namespace tinynet {

/// How strongly a cell is coloured, 0 to 1: by its part of the row, the actual class. Mistakes are rare, so by the cube
/// root of theirs: of a thousand images 840 give 0.94, 53 give 0.38, and one gives 0.1, which can be seen, too.
template <class Counts>
double confusion_strength(const Counts& counts, Index actual, Index predicted) {
  double total = 0;
  for (Index c = 0; c < counts.cols(); ++c) total += static_cast<double>(counts(actual, c));
  const double part = total > 0 ? static_cast<double>(counts(actual, predicted)) / total : 0;
  return actual == predicted ? part : std::cbrt(part);
}

/// What is written beside a confusion matrix.
struct ConfusionText {
  std::string predicted = "predicted", actual = "actual";  ///< above the columns, and above the rows
  std::span<const std::string> names = {};                 ///< of the classes; without them only their numbers
  std::span<const Glyph> glyphs = {};                      ///< for what is not ASCII
};

/// A square of counts (row: the actual class, column: the predicted one) with each count in its cell. What is right is
/// blue, what is wrong red, the stronger the larger its part of the row. Throws Error (usage) if it is not square.
template <class Counts>
Picture confusion_picture(const Counts& counts, const ConfusionText& text = {}) {
  constexpr Index cell = 56;
  constexpr Color right{33, 102, 172}, wrong{203, 24, 29}, white = grey(255), ink = grey(20);
  const Index classes = counts.rows();
  if (counts.cols() != classes)
    throw Error({.code = ErrorCode::usage,
                 .path = {},
                 .what = "confusion_picture: not square",
                 .expected = "as many columns as rows",
                 .actual = std::to_string(classes) + " x " + std::to_string(counts.cols())});
  const auto name = [&text](Index c) {
    const auto i = static_cast<std::size_t>(c);
    return std::to_string(c) + (i < text.names.size() ? " " + text.names[i] : "");
  };
  Index left_side = text_width(text.actual, 2, text.glyphs);
  for (Index c = 0; c < classes; ++c) left_side = std::max(left_side, text_width(name(c), 2, text.glyphs));
  left_side += 16;
  const Index above = text.names.empty() ? left_side : 60;  // a square again, or room for two lines
  Picture picture(above + classes * cell + 8, left_side + classes * cell + 8);
  const Index word = text_width(text.predicted, 2, text.glyphs);
  draw_text(picture, above - 52, left_side + std::min((classes * cell - word) / 2, classes * cell - word),
            text.predicted, ink, 2, text.glyphs);
  draw_text(picture, above - 26, 8, text.actual, ink, 2, text.glyphs);
  for (Index actual = 0; actual < classes; ++actual) {
    const Index top = above + actual * cell;
    draw_centred(picture, above - 26, left_side + actual * cell + cell / 2, std::to_string(actual), ink, 2);
    draw_text(picture, top + cell / 2 - 10, 8, name(actual), ink, 2, text.glyphs);
    for (Index predicted = 0; predicted < classes; ++predicted) {
      const auto count = static_cast<double>(counts(actual, predicted));
      const double strength = confusion_strength(counts, actual, predicted);
      const Index left = left_side + predicted * cell;
      picture.fill(top, left, cell - 1, cell - 1, between(white, actual == predicted ? right : wrong, 0.85 * strength));
      if (count > 0)
        draw_centred(picture, top + cell / 2 - 10, left + cell / 2, std::to_string(counts(actual, predicted)),
                     strength > 0.5 ? white : ink, 2);
      else
        picture.fill(top + cell / 2, left + cell / 2 - 1, 2, 2, grey(200));
    }
  }
  return picture;
}

}  // namespace tinynet
