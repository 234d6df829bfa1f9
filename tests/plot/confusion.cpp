#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <string>
#include <tinynet/plot/confusion.hpp>
#include <vector>

#include "rows_of.hpp"

using namespace tinynet;
using Counts = Eigen::Matrix<std::int64_t, Eigen::Dynamic, Eigen::Dynamic>;

namespace {

// The colour of a cell's corner, where no figure is.
Color cell(const Picture& picture, Index classes, Index actual, Index predicted) {
  const Index size = 56, margin = picture.width() - 8 - classes * size;
  const Index above = picture.height() - 8 - classes * size;
  return picture.at(above + actual * size + 2, margin + predicted * size + 2);
}

}  // namespace

TEST_CASE("what is right is blue, what is wrong red, what did not occur white") {
  Counts counts(3, 3);
  counts << 90, 10, 0,  //
      1, 999, 0,        //
      0, 0, 0;
  const Picture picture = confusion_picture(counts);
  const Color right = cell(picture, 3, 0, 0), wrong = cell(picture, 3, 0, 1), rare = cell(picture, 3, 1, 0);
  CHECK(right.blue > right.red + 50);
  CHECK(wrong.red > wrong.blue + 50);
  CHECK(rare.red > rare.blue);
  CHECK(rare.blue > wrong.blue);  // the rarer, the paler
  CHECK(cell(picture, 3, 1, 1).red < right.red);
  for (const Index predicted : {0, 1, 2}) CHECK(cell(picture, 3, 2, predicted) == grey(255));  // a class without images
  CHECK(cell(picture, 3, 0, 2) == grey(255));
}

TEST_CASE("rows are the actual classes") {
  Counts counts(2, 2);
  counts << 5, 5, 0, 10;
  const Picture picture = confusion_picture(counts);
  CHECK(cell(picture, 2, 0, 1).red > cell(picture, 2, 0, 1).blue);
  CHECK(cell(picture, 2, 1, 0) == grey(255));
}

TEST_CASE("a count is written in its cell") {
  Counts counts = Counts::Zero(2, 2);
  const auto ink = [](const Picture& picture) { return count_of(picture, grey(20)); };
  const int blank = ink(confusion_picture(counts));
  counts(0, 0) = 1;
  counts(0, 1) = 1000;  // in white on the strongest red
  const Picture some = confusion_picture(counts);
  CHECK(ink(some) > blank);
  counts(0, 0) = 8888;
  CHECK(ink(confusion_picture(counts)) != ink(some));
}

TEST_CASE("ten classes of large counts fit, one class too") {
  Counts counts = Counts::Constant(10, 10, 9999);
  const Picture picture = confusion_picture(counts);
  CHECK(picture.height() == picture.width());
  for (Index r = 0; r < picture.height(); ++r) CHECK(picture.at(r, picture.width() - 1) == grey(255));
  CHECK(cell(confusion_picture(Counts::Constant(1, 1, 7)), 1, 0, 0).blue > 150);
}

TEST_CASE("many mistakes are told from few, and one can be seen") {
  Counts counts = Counts::Zero(2, 2);
  const auto red = [&](std::int64_t wrong) {
    counts.row(0) << 1000 - wrong, wrong;
    return confusion_strength(counts, 0, 1);
  };
  CHECK(red(0) == 0);
  CHECK(red(1000) == doctest::Approx(1));
  CHECK(red(840) > red(53) + 0.4);  // both were as red as can be
  CHECK(red(53) > red(5) + 0.15);
  CHECK(red(1) >= 0.09);
}

TEST_CASE("classes may have names, in any characters that there are glyphs for") {
  const Counts counts = Counts::Constant(3, 3, 5);
  const std::vector<std::string> names{"Bag", "a very long name", "\u5305"};
  const std::array<Glyph, 1> glyphs{Glyph{U'\u5305', {0xFFFF, 0x8001, 0xFFFF}}};
  const Picture plain = confusion_picture(counts);
  const Picture named = confusion_picture(counts, {.names = names, .glyphs = glyphs});
  CHECK(named.width() > plain.width() + text_width("a very long", 2));
  CHECK(cell(named, 3, 0, 0) != grey(255));
  const Picture other = confusion_picture(counts, {.names = names});
  CHECK(named.bytes() != other.bytes());
  CHECK(confusion_picture(counts, {.predicted = "P"}).bytes() != plain.bytes());
}

TEST_CASE("only a square is a confusion matrix") {
  CHECK_THROWS_WITH_AS(confusion_picture(Counts::Zero(2, 3)),
                       "confusion_picture: not square; expected as many columns as rows, found 2 x 3", Error);
  CHECK_THROWS_AS(confusion_picture(Counts::Zero(3, 2)), Error);
}
