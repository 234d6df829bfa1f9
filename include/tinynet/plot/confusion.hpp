// The confusion matrix as a picture.
#pragma once

#include <algorithm>
#include <string>
#include <tinynet/plot/picture.hpp>
#include <tinynet/plot/text.hpp>

namespace tinynet {

/// How strongly a cell is coloured, 0 to 1: by its part of the row, the actual class. Mistakes are rare: 5 % of a row
/// is already the strongest.
template <class Counts>
double confusion_strength(const Counts& counts, Index actual, Index predicted) {
  double total = 0;
  for (Index c = 0; c < counts.cols(); ++c) total += static_cast<double>(counts(actual, c));
  const double part = total > 0 ? static_cast<double>(counts(actual, predicted)) / total : 0;
  return actual == predicted ? part : std::min(part * 20, 1.0);
}

/// A square of counts (row: the actual class, column: the predicted one) with each count in its cell. What is right is
/// blue, what is wrong red, the stronger the larger its part of the row. Throws Error (usage) if it is not square.
template <class Counts>
Picture confusion_picture(const Counts& counts) {
  constexpr Index cell = 56, margin = 44;
  constexpr Color right{33, 102, 172}, wrong{203, 24, 29}, white = grey(255), ink = grey(20);
  const Index classes = counts.rows();
  if (counts.cols() != classes)
    throw Error({.code = ErrorCode::usage,
                 .path = {},
                 .what = "confusion_picture: not square",
                 .expected = "as many columns as rows",
                 .actual = std::to_string(classes) + " x " + std::to_string(counts.cols())});
  const Index size = margin + classes * cell;
  Picture picture(size + 8, size + 8);
  draw_centred(picture, 4, margin + classes * cell / 2, "predicted", ink);
  draw_text(picture, margin - 14, 4, "actual", ink);
  for (Index actual = 0; actual < classes; ++actual) {
    const Index top = margin + actual * cell;
    draw_centred(picture, margin - 24, top + cell / 2, std::to_string(actual), ink, 2);
    draw_centred(picture, top + cell / 2 - 10, margin / 2, std::to_string(actual), ink, 2);
    for (Index predicted = 0; predicted < classes; ++predicted) {
      const auto count = static_cast<double>(counts(actual, predicted));
      const double strength = confusion_strength(counts, actual, predicted);
      const Index left = margin + predicted * cell;
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
