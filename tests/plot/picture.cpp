#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <tinynet/plot/picture.hpp>
#include <vector>

#include "rows_of.hpp"

using namespace tinynet;
using Rows = std::vector<std::string>;

TEST_CASE("a colour between two others") {
  const Color dark{10, 20, 30}, light{20, 40, 31};
  CHECK(between(dark, light, 0) == dark);
  CHECK(between(dark, light, 1) == light);
  CHECK(between(dark, light, 0.5) == Color{15, 30, 31});
  CHECK(between(light, dark, 0.25) == Color{18, 35, 31});
  CHECK(between(dark, light, -3) == dark);
  CHECK(between(dark, light, 1e9) == light);
}

TEST_CASE("a picture is white at first, or what was asked for") {
  const Picture picture(2, 3);
  CHECK(picture.height() == 2);
  CHECK(picture.width() == 3);
  CHECK(count_of(picture, grey(255)) == 6);
  CHECK(count_of(Picture(4, 5, {1, 2, 3}), {1, 2, 3}) == 20);
}

TEST_CASE("a picture has pixels") {
  CHECK_THROWS_WITH_AS(Picture(0, 3), "Picture: no pixels; expected a height and a width of at least 1, found 0 x 3",
                       Error);
  CHECK_THROWS_AS(Picture(3, 0), Error);
  CHECK_THROWS_AS(Picture(-1, -1), Error);
  CHECK(Picture(1, 1).bytes() == std::vector<std::uint8_t>{255, 255, 255});
}

TEST_CASE("a rectangle fills its own pixels and no others") {
  Picture picture(4, 5);
  picture.fill(1, 2, 2, 2, grey(0));
  CHECK(rows_of(picture) == Rows{".....", "..##.", "..##.", "....."});
}

TEST_CASE("what lies over an edge is left out") {
  Picture picture(3, 4);
  SUBCASE("top left") {
    picture.fill(-2, -1, 3, 3, grey(0));
    CHECK(rows_of(picture) == Rows{"##..", "....", "...."});
  }
  SUBCASE("bottom right") {
    picture.fill(2, 3, 10, 10, grey(0));
    CHECK(rows_of(picture) == Rows{"....", "....", "...#"});
  }
  SUBCASE("on all sides") {
    picture.fill(-5, -5, 100, 100, grey(0));
    CHECK(count_of(picture, grey(0)) == 12);
  }
  SUBCASE("wholly outside") {
    picture.fill(3, 0, 1, 4, grey(0));
    picture.fill(0, 4, 3, 1, grey(0));
    picture.fill(-1, 0, 1, 4, grey(0));
    picture.fill(0, -1, 3, 1, grey(0));
    CHECK(count_of(picture, grey(255)) == 12);
  }
  SUBCASE("nothing to fill") {
    picture.fill(1, 1, 0, 2, grey(0));
    picture.fill(1, 1, 2, 0, grey(0));
    picture.fill(2, 2, -1, -1, grey(0));
    CHECK(count_of(picture, grey(255)) == 12);
  }
}

TEST_CASE("a picture in a picture, larger and cut at the edges") {
  Picture small(2, 2);
  small.fill(0, 0, 1, 1, grey(0));
  small.fill(1, 1, 1, 1, {255, 0, 0});
  Picture picture(5, 6);
  SUBCASE("inside") {
    picture.draw(1, 1, small, 2);
    CHECK(rows_of(picture) == Rows{"......", ".##...", ".##...", "...##.", "...##."});
    CHECK(picture.at(1, 2) == grey(0));
    CHECK(picture.at(4, 4) == Color{255, 0, 0});
  }
  SUBCASE("over the top left corner") {
    picture.draw(-1, -1, small, 2);
    CHECK(rows_of(picture) == Rows{"#.....", ".##...", ".##...", "......", "......"});
  }
  SUBCASE("over the bottom right corner") {
    picture.draw(3, 5, small, 3);
    CHECK(rows_of(picture) == Rows{"......", "......", "......", ".....#", ".....#"});
  }
  SUBCASE("as it is, over what was there") {
    picture.fill(0, 0, 5, 6, grey(0));
    picture.draw(0, 4, small);
    CHECK(rows_of(picture) == Rows{"#####.", "####.#", "######", "######", "######"});
  }
}

TEST_CASE("the bytes go row by row, red, green, blue") {
  Picture picture(2, 2);
  picture.fill(0, 1, 1, 1, {1, 2, 3});
  picture.fill(1, 0, 1, 1, {4, 5, 6});
  CHECK(picture.bytes() == std::vector<std::uint8_t>{255, 255, 255, 1, 2, 3, 4, 5, 6, 255, 255, 255});
}

TEST_CASE("greys from bytes") {
  const std::array<std::uint8_t, 6> pixels{0, 1, 2, 128, 254, 255};
  const Picture picture = grey_picture(pixels, 2, 3);
  for (Index i = 0; i < 6; ++i) CHECK(picture.at(i / 3, i % 3) == grey(pixels[static_cast<std::size_t>(i)]));
  CHECK_THROWS_WITH_AS(grey_picture(pixels, 2, 2), "grey_picture: wrong number of pixels; expected 4, found 6", Error);
  CHECK_THROWS_AS(grey_picture(pixels, 3, 3), Error);
  CHECK_THROWS_AS(grey_picture(std::span(pixels).first(0), 0, 0), Error);
}

TEST_CASE("signed numbers from blue through white to red") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const std::array<float, 8> numbers{-2, 2, 0, 1, -4, inf, -inf, nan};
  const Picture picture = signed_picture(numbers.data(), 2, 4, 2.0);
  const Color blue{33, 102, 172}, red{178, 24, 43};
  CHECK(picture.at(0, 0) == blue);
  CHECK(picture.at(0, 1) == red);
  CHECK(picture.at(0, 2) == grey(255));
  CHECK(picture.at(0, 3) == between(grey(255), red, 0.5));
  CHECK(picture.at(1, 0) == blue);  // beyond the end
  CHECK(picture.at(1, 1) == red);
  CHECK(picture.at(1, 2) == blue);
  CHECK(picture.at(1, 3) == grey(128));
  const std::array<double, 2> zeros{0, -0.0};
  CHECK(count_of(signed_picture(zeros.data(), 1, 2, 0), grey(255)) == 2);
}
