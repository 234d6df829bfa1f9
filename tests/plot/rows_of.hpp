// What the tests of pictures share.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <tinynet/plot/picture.hpp>
#include <vector>

/// The picture's rows: '.' for a white pixel, '#' for any other.
inline std::vector<std::string> rows_of(const tinynet::Picture& picture) {
  std::vector<std::string> rows;
  for (tinynet::Index r = 0; r < picture.height(); ++r) {
    rows.emplace_back();
    for (tinynet::Index c = 0; c < picture.width(); ++c)
      rows.back() += picture.at(r, c) == tinynet::grey(255) ? '.' : '#';
  }
  return rows;
}

/// How many pixels have this colour.
inline int count_of(const tinynet::Picture& picture, tinynet::Color color) {
  int count = 0;
  for (tinynet::Index r = 0; r < picture.height(); ++r)
    for (tinynet::Index c = 0; c < picture.width(); ++c) count += picture.at(r, c) == color ? 1 : 0;
  return count;
}

/// The smallest rectangle that has all pixels that are not white.
struct Extent {
  tinynet::Index top = 1, left = 1, bottom = 0, right = 0;  // the first and the last row and column; none: 1 and 0
};

inline Extent extent_of(const tinynet::Picture& picture) {
  Extent e{picture.height(), picture.width(), -1, -1};
  for (tinynet::Index r = 0; r < picture.height(); ++r)
    for (tinynet::Index c = 0; c < picture.width(); ++c)
      if (picture.at(r, c) != tinynet::grey(255))
        e = {std::min(e.top, r), std::min(e.left, c), std::max(e.bottom, r), std::max(e.right, c)};
  return e.bottom < 0 ? Extent{} : e;
}
