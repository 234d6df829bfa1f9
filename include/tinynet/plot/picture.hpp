// A picture in memory: what the other headers here draw into, and png.hpp writes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <vector>

namespace tinynet {

/// Red, green and blue, 0 to 255 each; black if not given.
struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;  ///< 0 to 255 each
  friend bool operator==(const Color&, const Color&) = default;
};

/// A grey from 0 (black) to 255 (white).
constexpr Color grey(std::uint8_t level) { return {level, level, level}; }

/// The colour `part` (0 to 1, values beyond are cut) of the way from one to the other.
inline Color between(Color from, Color to, double part) {
  const double t = std::clamp(part, 0.0, 1.0);
  const auto mix = [t](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + (b - a) * t));
  };
  return {mix(from.red, to.red), mix(from.green, to.green), mix(from.blue, to.blue)};
}

/// height x width pixels, row by row from the top left corner. What is drawn over its edges is left out.
class Picture {
 public:
  /// Throws Error (usage) if a side is below 1.
  Picture(Index height, Index width, Color background = grey(255)) : height_(height), width_(width) {
    if (height < 1 || width < 1)
      throw Error({.code = ErrorCode::usage,
                   .path = {},
                   .what = "Picture: no pixels",
                   .expected = "a height and a width of at least 1",
                   .actual = std::to_string(height) + " x " + std::to_string(width)});
    pixels_.assign(static_cast<std::size_t>(height * width), background);
  }

  /// In pixels.
  Index height() const { return height_; }
  /// In pixels.
  Index width() const { return width_; }

  /// The pixel there; both must be inside.
  Color at(Index row, Index column) const {
    eigen_assert(row >= 0 && row < height_ && column >= 0 && column < width_);
    return pixels_[static_cast<std::size_t>(row * width_ + column)];
  }

  /// A rectangle in one colour.
  void fill(Index row, Index column, Index height, Index width, Color color) {
    const Index bottom = std::min(row + height, height_), right = std::min(column + width, width_);
    for (Index r = std::max<Index>(row, 0); r < bottom; ++r)
      for (Index c = std::max<Index>(column, 0); c < right; ++c)
        pixels_[static_cast<std::size_t>(r * width_ + c)] = color;
  }

  /// A filled circle with a soft rim. Its middle lies on the pixel (row, column).
  void dot(Index row, Index column, double radius, Color color) {
    const auto reach = static_cast<Index>(std::ceil(radius));
    for (Index r = std::max<Index>(row - reach, 0); r <= std::min(row + reach, height_ - 1); ++r)
      for (Index c = std::max<Index>(column - reach, 0); c <= std::min(column + reach, width_ - 1); ++c)
        fill(r, c, 1, 1,
             between(at(r, c), color,
                     radius + 0.5 - std::hypot(static_cast<double>(r - row), static_cast<double>(c - column))));
  }

  /// Another picture, each of its pixels as a square of `scale` x `scale`.
  void draw(Index row, Index column, const Picture& other, Index scale = 1) {
    for (Index r = 0; r < other.height(); ++r)
      for (Index c = 0; c < other.width(); ++c) fill(row + r * scale, column + c * scale, scale, scale, other.at(r, c));
  }

  /// The pixels as red, green, blue, red, ...
  std::vector<std::uint8_t> bytes() const {
    std::vector<std::uint8_t> result;
    result.reserve(3 * pixels_.size());
    for (const Color color : pixels_) result.insert(result.end(), {color.red, color.green, color.blue});
    return result;
  }

 private:
  Index height_, width_;
  std::vector<Color> pixels_;
};

/// height * width bytes as greys: 0 is black.
/// Throws Error (usage) if there are not as many.
inline Picture grey_picture(std::span<const std::uint8_t> pixels, Index height, Index width) {
  Picture picture(height, width);
  if (static_cast<Index>(pixels.size()) != height * width)
    throw Error({.code = ErrorCode::usage,
                 .path = {},
                 .what = "grey_picture: wrong number of pixels",
                 .expected = std::to_string(height * width),
                 .actual = std::to_string(pixels.size())});
  for (Index i = 0; i < height * width; ++i)
    picture.fill(i / width, i % width, 1, 1, grey(pixels[static_cast<std::size_t>(i)]));
  return picture;
}

/// height * width numbers from blue (-most) through white (0) to red (most); NaN is grey. Row-major.
template <class Number>
Picture signed_picture(const Number* numbers, Index height, Index width, double most) {
  constexpr Color negative{33, 102, 172}, zero{255, 255, 255}, positive{178, 24, 43};
  Picture picture(height, width);
  for (Index i = 0; i < height * width; ++i) {
    const double part = most > 0 ? static_cast<double>(numbers[i]) / most : 0;
    const Color color = std::isnan(part) ? grey(128) : between(zero, part < 0 ? negative : positive, std::abs(part));
    picture.fill(i / width, i % width, 1, 1, color);
  }
  return picture;
}

}  // namespace tinynet
