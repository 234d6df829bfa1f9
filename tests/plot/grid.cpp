#include <array>
#include <cstdlib>
#include <string>
#include <tinynet/plot/grid.hpp>
#include <vector>

#include "rows_of.hpp"

using namespace tinynet;

namespace {

std::vector<Tile> tiles(std::size_t count, Index height = 4, Index width = 5) {
  std::vector<Tile> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back({Picture(height, width, {1, static_cast<std::uint8_t>(i), 2})});
  return result;
}

// Where tile i begins: the first pixel with its colour.
Extent place_of(const Picture& picture, Color color) {
  Picture only(picture.height(), picture.width());
  for (Index r = 0; r < picture.height(); ++r)
    for (Index c = 0; c < picture.width(); ++c)
      if (picture.at(r, c) == color) only.fill(r, c, 1, 1, grey(0));
  return extent_of(only);
}

}  // namespace

TEST_CASE("tiles stand in rows and columns, each whole and apart from the others") {
  for (const std::size_t count : {1u, 2u, 7u, 8u, 9u, 63u, 64u}) {
    CAPTURE(count);
    const Picture picture = grid_picture(tiles(count));
    std::vector<Extent> places;
    for (std::size_t i = 0; i < count; ++i) {
      const Color color{1, static_cast<std::uint8_t>(i), 2};
      CHECK(count_of(picture, color) == 4 * 3 * 5 * 3);  // scale 3, nothing cut or covered
      places.push_back(place_of(picture, color));
      const Extent& e = places.back();
      CHECK(e.bottom - e.top == 11);
      CHECK(e.right - e.left == 14);
      CHECK(e.top > 0);
      CHECK(e.left > 0);
      CHECK(e.bottom < picture.height() - 1);
      CHECK(e.right < picture.width() - 1);
      if (i % 8 > 0) {
        CHECK(e.top == places[i - 1].top);
        CHECK(e.left > places[i - 1].right + 1);
      } else if (i > 0) {
        CHECK(e.left == places[i - 8].left);
        CHECK(e.top > places[i - 8].bottom + 1);
      }
    }
  }
}

TEST_CASE("fewer tiles than columns make a narrow picture, more rows a high one") {
  const Picture one = grid_picture(tiles(1)), row = grid_picture(tiles(8)), two = grid_picture(tiles(9)),
                all = grid_picture(tiles(64));
  CHECK(one.width() < row.width() / 4);
  CHECK(one.height() == row.height());
  CHECK(two.width() == row.width());
  CHECK(two.height() > row.height());
  CHECK(all.height() - row.height() == 7 * (two.height() - row.height()));
  CHECK(grid_picture(tiles(9), {.columns = 3}).width() == grid_picture(tiles(3)).width());
}

TEST_CASE("no tiles are the title alone, and no title is a blank") {
  const Picture blank = grid_picture({});
  CHECK(extent_of(blank).bottom == 0);
  const Picture title = grid_picture({}, {.title = "0 of the first 500 misclassified"});
  CHECK(count_of(title, grey(0)) > 100);
  CHECK(title.width() >= text_width("0 of the first 500 misclassified", 2));
  CHECK(extent_of(title).right < title.width());
}

TEST_CASE("a title stands above the tiles and is not cut") {
  const std::string text = "a title that is wider than the only tile";
  const Picture picture = grid_picture(tiles(1), {.title = text});
  const Extent words = place_of(picture, grey(0)), tile = place_of(picture, {1, 0, 2});
  CHECK(words.bottom < tile.top);
  CHECK(words.right - words.left > text_width(text, 2) - 8);
  CHECK(words.right < picture.width());
}

TEST_CASE("captions stand below their tile, line under line, and widen narrow tiles") {
  std::vector<Tile> pair = tiles(2);
  const Color red{200, 0, 0}, green{0, 200, 0};
  pair[0].captions = {{"predicted 8", red}, {"actual 3", green}};
  const Picture picture = grid_picture(pair);
  const Extent tile = place_of(picture, {1, 0, 2}), next = place_of(picture, {1, 1, 2});
  const Extent first = place_of(picture, red), second = place_of(picture, green);
  CHECK(first.top > tile.bottom);
  CHECK(second.top > first.bottom);
  CHECK(second.bottom < picture.height());
  CHECK(first.left > 0);
  CHECK(next.left - tile.left >= text_width("predicted 8"));
  CHECK(std::abs((first.left + first.right) - (tile.left + tile.right)) <= 6);
  CHECK(count_of(picture, red) > count_of(picture, green));
}

TEST_CASE("captions may be larger, and have characters of their own") {
  std::vector<Tile> one = tiles(1);
  one[0].captions = {{"predicted 8", {200, 0, 0}}};
  const Picture small = grid_picture(one), large = grid_picture(one, {.text_scale = 2});
  CHECK(count_of(large, {200, 0, 0}) == 4 * count_of(small, {200, 0, 0}));
  CHECK(large.height() == small.height() + text_height);
  const std::array<Glyph, 1> glyphs{Glyph{U'\u9884', {0xFFFF, 0xFFFF}}};
  one[0].captions = {{"\u9884", {200, 0, 0}}};
  CHECK(count_of(grid_picture(one, {.text_scale = 2, .glyphs = glyphs}), {200, 0, 0}) == 32);
}

TEST_CASE("tiles of several sizes have the room of the largest") {
  const std::vector<Tile> both{{Picture(2, 2, {9, 0, 0})}, {Picture(6, 10, {0, 9, 0})}};
  const Picture picture = grid_picture(both, {.scale = 2});
  CHECK(count_of(picture, {9, 0, 0}) == 2 * 2 * 4);
  CHECK(count_of(picture, {0, 9, 0}) == 6 * 10 * 4);
}
