#include <array>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string>
#include <tinynet/plot/text.hpp>
#include <vector>

#include "rows_of.hpp"

using namespace tinynet;

namespace {

Picture written(std::string_view text, Index scale = 1) {
  Picture picture(60, 400);
  draw_text(picture, 10, 20, text, grey(0), scale);
  return picture;
}

}  // namespace

TEST_CASE("a word is as wide and high as is said") {
  for (const Index scale : {1, 2, 3})
    for (const char* const text : {"predicted", "actual", "0", "8", "lab= 5", "16 of the first 500", "MWil|"}) {
      CAPTURE(text);
      CAPTURE(scale);
      const Extent e = extent_of(written(text, scale));
      // Of a letter's cell a column or two on its sides may be free, never less than nothing.
      CHECK(e.left >= 20);
      CHECK(e.left <= 20 + scale);
      CHECK(e.right < 20 + text_width(text, scale));
      CHECK(e.right >= 20 + text_width(text, scale) - 3 * scale);
      CHECK(e.top >= 10);
      CHECK(e.bottom < 10 + text_height * scale);
    }
}

TEST_CASE("every character of ASCII but the blank is drawn, letters and digits each differently") {
  std::set<std::vector<std::string>> seen;
  std::size_t count = 0;
  for (char c = '!'; c <= '~'; ++c) {
    const Picture picture = written(std::string(1, c));
    CAPTURE(c);
    CHECK(count_of(picture, grey(0)) > 0);
    if (!std::isalnum(c)) continue;
    seen.insert(rows_of(picture));
    ++count;
  }
  CHECK(count == 62);
  CHECK(seen.size() == count);
  CHECK(extent_of(written(" ")).bottom == 0);
  CHECK(extent_of(written("")).bottom == 0);
  CHECK(text_width("") == 0);
  CHECK(text_width("ab") == text_width("a") + text_width("b"));
  CHECK(text_width(" ") > 0);
}

TEST_CASE("what is not printable ASCII becomes a question mark") {
  CHECK(rows_of(written("a\xff")) == rows_of(written("a?")));
  CHECK(rows_of(written("a\n\tb\x7f")) == rows_of(written("a??b?")));
  CHECK(rows_of(written({"\0c", 2})) == rows_of(written("?c")));
  CHECK(text_width("\n\n") == text_width("??"));
}

TEST_CASE("a scaled word is the plain one, pixel for square") {
  Picture plain(12, 30), large(36, 90), expected(36, 90);
  draw_text(plain, 0, 0, "Ag5", {9, 8, 7});
  draw_text(large, 0, 0, "Ag5", {9, 8, 7}, 3);
  expected.draw(0, 0, plain, 3);
  CHECK(count_of(plain, {9, 8, 7}) > 20);
  CHECK(large.bytes() == expected.bytes());
}

TEST_CASE("a centred word has its middle there") {
  for (const Index scale : {1, 2}) {
    Picture picture(40, 201);
    draw_centred(picture, 5, 100, "predicted 8", grey(0), scale);
    const Extent e = extent_of(picture);
    CHECK(std::abs((e.left + e.right) - 200) <= 4 * scale);
  }
}

TEST_CASE("what has a glyph is drawn by it, in its place among the letters") {
  const std::array<Glyph, 2> glyphs{Glyph{U'\u9884', {0xFFFF}}, Glyph{U'\u6D4B', {0, 0x8001}}};
  const std::string text = "a\u9884\u6D4B5";
  Picture picture(60, 200);
  draw_text(picture, 10, 20, text, grey(0), 2, glyphs);
  const Index a = text_width("a", 2), glyph = text_width("\u9884", 2, glyphs);
  CHECK(text_width(text, 2, glyphs) == a + 2 * glyph + text_width("5", 2));
  for (Index c = 0; c < 16; ++c) CHECK(picture.at(10, 20 + a + c) == grey(0));
  CHECK(picture.at(11, 20 + a + glyph) == grey(0));
  CHECK(picture.at(11, 20 + a + glyph + 1) == grey(255));
  CHECK(picture.at(11, 20 + a + glyph + 15) == grey(0));
  // At half that size every other row and column; without a glyph it is what it was.
  CHECK(text_width("\u9884", 4, glyphs) == 2 * glyph);
  CHECK(rows_of(written("\u9884")) == rows_of(written("???")));
}

TEST_CASE("a word over the edges is cut") {
  Picture picture(10, 20);
  draw_text(picture, -4, -5, "Everything that does not fit is left out", grey(0), 2);
  draw_text(picture, 5, 15, "the same at the other corner", grey(0), 4);
  CHECK(count_of(picture, grey(0)) > 10);
  CHECK(count_of(picture, grey(0)) < 200);
}

TEST_CASE("a long line is drawn to its end") {
  const std::string text(500, '#');
  Picture picture(12, text_width(text));
  draw_text(picture, 0, 0, text, grey(0));
  CHECK(extent_of(picture).right >= picture.width() - 3);
}
