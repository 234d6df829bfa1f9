#include <cstdint>
#include <string>
#include <tinynet/plot/blocks.hpp>
#include <vector>

#include "rows_of.hpp"

using namespace tinynet;
using Lines = std::vector<std::string>;

TEST_CASE("two rows of pixels are a line of blocks") {
  const std::vector<std::uint8_t> pixels{255, 255, 0,   0,  //
                                         255, 0,   255, 0};
  CHECK(block_lines(grey_picture(pixels, 2, 4)) == Lines{"█▀▄ "});
}

TEST_CASE("the last row of an odd height has nothing below") {
  const std::vector<std::uint8_t> pixels{0,   255,  //
                                         255, 0,    //
                                         255, 0};
  CHECK(block_lines(grey_picture(pixels, 3, 2)) == Lines{"▄▀", "▀ "});
  CHECK(block_lines(Picture(1, 1)) == Lines{"▀"});
  CHECK(block_lines(Picture(1, 1, grey(0))) == Lines{" "});
}

TEST_CASE("a pixel as bright as the threshold is lit") {
  const std::vector<std::uint8_t> pixels{127, 128, 90, 89};
  CHECK(block_lines(grey_picture(pixels, 1, 4)) == Lines{" ▀  "});
  CHECK(block_lines(grey_picture(pixels, 1, 4), 90) == Lines{"▀▀▀ "});
  CHECK(block_lines(grey_picture(pixels, 1, 4), 0) == Lines{"▀▀▀▀"});
  CHECK(block_lines(grey_picture(pixels, 1, 4), 256) == Lines{"    "});
}

TEST_CASE("half a picture has the means of four pixels") {
  const std::vector<std::uint8_t> pixels{0,   1,   10, 20, 7,  //
                                         2,   3,   30, 40, 7,  //
                                         255, 255, 0,  0,  7,  //
                                         255, 254, 0,  1,  7,  //
                                         7,   7,   7,  7,  7};
  const Picture half = halved(grey_picture(pixels, 5, 5));
  REQUIRE(half.height() == 2);
  REQUIRE(half.width() == 2);
  CHECK(half.at(0, 0) == grey(2));  // 1.5, to the nearest
  CHECK(half.at(0, 1) == grey(25));
  CHECK(half.at(1, 0) == grey(255));
  CHECK(half.at(1, 1) == grey(0));
}

TEST_CASE("each colour has its own mean") {
  Picture picture(2, 2, {0, 0, 0});
  picture.fill(0, 0, 1, 1, {40, 80, 120});
  CHECK(halved(picture).at(0, 0) == Color{10, 20, 30});
  CHECK_THROWS_AS(halved(Picture(1, 8)), Error);
  CHECK_THROWS_AS(halved(Picture(8, 1)), Error);
}
