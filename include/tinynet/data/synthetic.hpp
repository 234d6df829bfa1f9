// Handwritten-looking digits that are drawn here, for machines where no data set can be had.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/data/dataset.hpp>
#include <utility>
#include <vector>

namespace tinynet {
namespace detail {

// Everything below computes with whole numbers, so that a seed gives the same pictures on every machine,
// compiler and optimisation level. A pixel is 64 units wide.
inline constexpr std::int32_t digit_side = 28;
inline constexpr std::int32_t units_per_pixel = 64;

struct DigitPoint {
  std::int32_t x, y;
};

/// A line of the pen: a smooth curve through the points. Corners are where a stroke ends and the next begins.
using DigitStroke = std::span<const DigitPoint>;

/// The ways people write a digit, on a grid 70 wide and 100 high, y downwards. Widths, slants, bends and shaky
/// hands come in later.
struct DigitStyle {
  int digit;
  std::array<DigitStroke, 3> strokes;
};

inline std::span<const DigitStyle> digit_styles() {
  using P = DigitPoint;
  static constexpr P zero[] = {{36, 1}, {14, 14}, {4, 50}, {14, 88}, {36, 99}, {60, 86}, {67, 50}, {56, 14}, {32, 1}};
  static constexpr P one_stem[] = {{36, 0}, {35, 50}, {34, 100}}, one_flag[] = {{14, 22}, {36, 0}};
  static constexpr P one_base[] = {{10, 100}, {60, 100}};
  static constexpr P two_arc[] = {{6, 22}, {18, 4}, {42, 0}, {60, 16}, {54, 42}, {30, 72}, {4, 98}};
  static constexpr P two_base[] = {{4, 98}, {34, 97}, {68, 95}};
  static constexpr P two_loop[] = {{8, 20},  {22, 2}, {48, 2},  {58, 22}, {44, 56},
                                   {18, 88}, {4, 92}, {10, 76}, {30, 84}, {66, 98}};
  static constexpr P three_top[] = {{6, 12}, {26, 0}, {52, 6}, {54, 28}, {26, 46}};
  static constexpr P three_belly[] = {{26, 46}, {56, 56}, {64, 78}, {42, 98}, {16, 98}, {2, 86}};
  static constexpr P three_roof[] = {{4, 2}, {60, 2}}, three_slope[] = {{60, 2}, {28, 42}};
  static constexpr P three_bow[] = {{28, 42}, {58, 52}, {64, 76}, {42, 98}, {4, 92}};
  static constexpr P four_open[] = {{12, 0}, {6, 34}, {8, 54}, {32, 58}, {66, 50}};
  static constexpr P four_down[] = {{58, 0}, {54, 50}, {52, 100}};
  static constexpr P four_slope[] = {{46, 0}, {2, 66}}, four_bar[] = {{2, 66}, {68, 64}};
  static constexpr P four_stem[] = {{46, 0}, {46, 100}};
  static constexpr P five_roof[] = {{62, 2}, {18, 4}}, five_neck[] = {{18, 4}, {12, 42}};
  static constexpr P five_belly[] = {{12, 42}, {38, 36}, {62, 54}, {58, 82}, {34, 99}, {4, 92}};
  static constexpr P five_s[] = {{64, 0}, {30, 4}, {14, 24}, {30, 42}, {56, 58}, {58, 82}, {34, 100}, {6, 92}};
  static constexpr P six[] = {{52, 2}, {24, 24}, {8, 58}, {14, 88}, {36, 99}, {58, 84}, {54, 62}, {32, 56}, {12, 70}};
  static constexpr P six_round[] = {{34, 0},  {12, 40}, {8, 74},  {24, 98}, {50, 96},
                                    {60, 76}, {46, 60}, {22, 64}, {10, 80}};
  static constexpr P seven_roof[] = {{4, 6}, {34, 4}, {64, 2}}, seven_leg[] = {{64, 2}, {44, 46}, {30, 100}};
  static constexpr P seven_bar[] = {{20, 52}, {58, 48}};
  static constexpr P seven_curl[] = {{4, 20}, {10, 4}, {40, 8}, {64, 2}};
  static constexpr P eight[] = {{56, 14},  {34, 0}, {12, 14}, {22, 36}, {48, 56}, {60, 80},
                                {34, 100}, {8, 82}, {18, 58}, {46, 36}, {56, 14}};
  static constexpr P eight_top[] = {{34, 0}, {12, 20}, {34, 46}, {56, 22}, {34, 0}};
  static constexpr P eight_bottom[] = {{34, 46}, {8, 74}, {34, 100}, {62, 74}, {34, 46}};
  static constexpr P nine_head[] = {{58, 16}, {34, 1}, {10, 18}, {14, 42}, {38, 46}, {56, 20}};
  static constexpr P nine_leg[] = {{58, 12}, {56, 60}, {46, 100}};
  static constexpr P nine_tail[] = {{58, 14}, {60, 64}, {42, 96}, {10, 94}};

  static constexpr DigitStyle styles[] = {
      {0, {zero}},
      {1, {one_stem}},
      {1, {one_stem, one_flag}},
      {1, {one_stem, one_flag, one_base}},
      {2, {two_arc, two_base}},
      {2, {two_loop}},
      {3, {three_top, three_belly}},
      {3, {three_roof, three_slope, three_bow}},
      {4, {four_open, four_down}},
      {4, {four_slope, four_bar, four_stem}},
      {5, {five_roof, five_neck, five_belly}},
      {5, {five_s}},
      {6, {six}},
      {6, {six_round}},
      {7, {seven_roof, seven_leg}},
      {7, {seven_roof, seven_leg, seven_bar}},
      {7, {seven_curl, seven_leg}},
      {8, {eight}},
      {8, {eight_top, eight_bottom}},
      {9, {nine_head, nine_leg}},
      {9, {nine_head, nine_tail}},
  };
  return styles;
}

/// Draws one digit after another. The generator's raw output is used: the standard's distributions differ
/// from library to library.
class DigitPainter {
 public:
  /// `stream` keeps the training and the test pictures of one seed apart.
  DigitPainter(std::uint64_t seed, std::uint32_t stream) {
    std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), stream};
    random_.seed(sequence);
    // Distances from the pen's centre, squared, to distances. A square root is rounded the same way everywhere.
    for (std::size_t i = 0; i < distance_.size(); ++i)
      distance_[i] = static_cast<std::uint16_t>(std::sqrt(static_cast<double>(i)));
  }

  /// Writes the 784 bytes of a random digit to `pixels` and returns which digit it is.
  std::uint8_t draw(std::uint8_t* pixels) {
    const int digit = static_cast<int>(below(10));
    const std::span<const DigitStyle> all = digit_styles();
    const auto is_it = [digit](const DigitStyle& style) { return style.digit == digit; };
    const auto first = std::find_if(all.begin(), all.end(), is_it);
    const auto last = std::find_if_not(first, all.end(), is_it);
    const DigitStyle& style = first[below(static_cast<std::uint32_t>(last - first))];

    choose_hand();
    track_.clear();
    for (const DigitStroke stroke : style.strokes) trace(stroke);
    centre();
    ink(pixels);
    return static_cast<std::uint8_t>(digit);
  }

 private:
  /// A random number in [0, n).
  std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(random_())} * n) >> 32);
  }

  /// A random number in [-most, most], those near 0 more likely (the sum of three even ones).
  std::int32_t around_zero(std::int32_t most) {
    const auto third = static_cast<std::uint32_t>(2 * most / 3 + 1);
    std::uint32_t sum = 0;
    for (int i = 0; i < 3; ++i) sum += below(third);
    return static_cast<std::int32_t>(sum) - static_cast<std::int32_t>(3 * (third - 1) / 2);
  }

  /// How this writer writes: size, slant, turn, bend and the width of the pen.
  void choose_hand() {
    constexpr std::int32_t one = 13 * 256;  // a grid unit is 13/64 pixel, in 1/256 unit: 100 of them are 20 pixels
    const std::int32_t width = one * (1000 + around_zero(450)) / 1000;
    const std::int32_t height = one * (940 + around_zero(300)) / 1000;
    const std::int32_t turn = around_zero(460);   // thousandths
    const std::int32_t slant = around_zero(700);  // thousandths
    xx_ = width;
    xy_ = -height * (turn + slant) / 1000;
    yx_ = width * turn / 1000;
    yy_ = height;
    bend_x_ = around_zero(24);
    bend_y_ = around_zero(16);
    shake_ = 3 + static_cast<std::int32_t>(below(12));
    pen_ = 70 + around_zero(38);
  }

  /// A point of the grid to where this hand puts it.
  DigitPoint place(DigitPoint p) {
    std::int32_t x = p.x - 35 + around_zero(shake_), y = p.y - 50 + around_zero(shake_);
    const std::int32_t old_x = x;
    x += bend_x_ * y * std::abs(y) / 2500;
    y += bend_y_ * old_x * std::abs(old_x) / 1225;
    return {(xx_ * x + xy_ * y) >> 8, (yx_ * x + yy_ * y) >> 8};
  }

  /// Appends the points of a stroke's curve (Catmull and Rom's), half a pixel or less apart.
  void trace(DigitStroke stroke) {
    if (stroke.empty()) return;
    knots_.clear();
    for (const DigitPoint p : stroke) knots_.push_back(place(p));
    const std::size_t n = knots_.size();
    for (std::size_t i = 0; i + 1 < n; ++i) {
      const DigitPoint b = knots_[i], c = knots_[i + 1];
      const DigitPoint a = i > 0 ? knots_[i - 1] : b, d = i + 2 < n ? knots_[i + 2] : c;
      const std::int32_t length = std::max(std::abs(c.x - b.x), std::abs(c.y - b.y));
      const std::int64_t steps = 1 + length / (units_per_pixel / 2);
      for (std::int64_t step = i == 0 ? 0 : 1; step <= steps; ++step) {
        const std::int64_t t = 256 * step / steps;
        track_.push_back({spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)});
      }
    }
  }

  /// The curve from b to c (a before, d behind them) at t/256 of the way.
  static std::int32_t spline(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d, std::int64_t t) {
    const std::int64_t cubic = (3 * b - a - 3 * c + d) * t;
    const std::int64_t square = ((2 * a - 5 * b + 4 * c - d) * 256 + cubic) * t;
    const std::int64_t line = ((c - a) * 65536 + square) * t;
    return static_cast<std::int32_t>((2 * b * 16777216 + line) >> 25);
  }

  /// Moves the digit's centre of gravity to the middle of the picture, as in MNIST, and then a little off it.
  void centre() {
    std::int64_t x = 0, y = 0;
    for (const DigitPoint p : track_) x += p.x, y += p.y;
    const auto count = static_cast<std::int64_t>(track_.size());
    constexpr std::int32_t middle = digit_side * units_per_pixel / 2;
    const std::int32_t dx = middle + around_zero(110) - static_cast<std::int32_t>(x / count);
    const std::int32_t dy = middle + around_zero(110) - static_cast<std::int32_t>(y / count);
    for (DigitPoint& p : track_) p.x += dx, p.y += dy;
  }

  /// Draws the pen's track: full ink within the pen's radius, fading out over the next pixel.
  void ink(std::uint8_t* pixels) {
    const std::int32_t reach = pen_ + units_per_pixel / 2;  // where the last ink is
    const std::int32_t nothing = reach * reach;
    nearest_.fill(nothing);
    for (const DigitPoint p : track_) {
      // The pixels whose centres are in reach; a pixel's centre is half a pixel from its edge.
      const std::int32_t left = std::max((p.x - reach + units_per_pixel / 2 - 1) >> 6, 0);
      const std::int32_t right = std::min((p.x + reach - units_per_pixel / 2) >> 6, digit_side - 1);
      const std::int32_t top = std::max((p.y - reach + units_per_pixel / 2 - 1) >> 6, 0);
      const std::int32_t bottom = std::min((p.y + reach - units_per_pixel / 2) >> 6, digit_side - 1);
      for (std::int32_t row = top; row <= bottom; ++row) {
        const std::int32_t dy = row * units_per_pixel + units_per_pixel / 2 - p.y;
        std::int32_t* const line = nearest_.data() + row * digit_side;
        for (std::int32_t column = left; column <= right; ++column) {
          const std::int32_t dx = column * units_per_pixel + units_per_pixel / 2 - p.x;
          line[column] = std::min(line[column], dx * dx + dy * dy);
        }
      }
    }
    for (std::size_t i = 0; i < nearest_.size(); ++i) {
      const std::int32_t left = reach - distance_[static_cast<std::size_t>(nearest_[i])];
      pixels[i] = static_cast<std::uint8_t>(255 * std::clamp(left, 0, units_per_pixel) / units_per_pixel);
    }
  }

  std::mt19937 random_;
  std::int32_t xx_ = 0, xy_ = 0, yx_ = 0, yy_ = 0, bend_x_ = 0, bend_y_ = 0, shake_ = 0, pen_ = 0;
  std::vector<DigitPoint> knots_, track_;
  std::array<std::int32_t, std::size_t{digit_side} * digit_side> nearest_{};
  std::array<std::uint16_t, 160 * 160> distance_{};  // the widest pen reaches 140 units
};

inline Dataset synthetic_digits(Index count, std::uint64_t seed, std::uint32_t stream) {
  constexpr std::size_t pixels_each = std::size_t{digit_side} * digit_side;
  DigitPainter painter(seed, stream);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(count) * pixels_each);
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = painter.draw(pixels.data() + i * pixels_each);
  return {Images(std::move(pixels), count, digit_side, digit_side), std::move(labels)};
}

}  // namespace detail

/// A training and a test set in MNIST's form (28 x 28 grey pictures of the digits 0 to 9, and which each is),
/// drawn from strokes that are written with random sizes, slants, bends and pens. The pictures depend on the seed
/// alone, on every machine; the first n of a larger set are the set of n. Throws Error (usage) for negative counts.
inline std::pair<Dataset, Dataset> synthetic_digits(Index train_count = 60000, Index test_count = 10000,
                                                    std::uint64_t seed = 0) {
  if (train_count < 0 || test_count < 0)
    throw Error(ErrorCode::usage, "synthetic_digits: expected counts of 0 or more, found " +
                                      std::to_string(train_count) + " and " + std::to_string(test_count));
  return {detail::synthetic_digits(train_count, seed, 0), detail::synthetic_digits(test_count, seed, 1)};
}

}  // namespace tinynet
