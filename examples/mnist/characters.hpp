// The Chinese characters of the pictures' words, drawn stroke by stroke: the small font of plot/text.hpp has ASCII
// alone.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <tinynet/plot/text.hpp>
#include <vector>

namespace mnist {

namespace detail {

/// Strokes with blanks between them, each the corners of a line: two digits of 16 for column and row.
struct Character {
  char32_t character;
  std::string_view strokes;
};

inline constexpr Character characters[] = {
    {U'预', "126244 2435 176759 474d3d 82e2 b2a4 9a94e4ea b6ba8e cbee"},
    {U'测', "1223 1627 1d3a 5a52929a 74795d 8b9d b3ba e1eddd"},
    {U'值', "4116 353e 63e3 a1a5 7d75d5dd 78d8 7ada 5ded"},
    {U'实', "7081 1512e2d4 4556 3748 1aea 848a2e 9bde"},
    {U'际', "2e216144675949 83e3 76e6 b6bdad 987c d8ec"},
    {U'前', "5162 b1a2 13e3 3e35757e6e 3878 3b7b a6ac d5dece"},
    {U'张', "1252551518585d3d 919dbb d296 77e7 a7ee"},
    {U'中', "24d4d92924 717e"},
    {U'认', "2132 15353c5a a2a66e a7ee"},
    {U'错', "3114 2353 1656 1959 363d5b 73e3 9196 c1c6 66e6 88d8de8e88 8bdb"},
    {U'第', "3113 2262 4254 9183 92e2 b2c4 35c5c8 38c8 383b 3bdbdece 858e 8b2e"},
    {U'页', "12e2 8274 3b34c4cb 767b2e 9bde"},
    {U'首', "4152 b1a2 13e3 8375 35c5ce3e35 38c8 3bcb"},
    {U'层', "22d2d525 22281e 58c8 4aea 8a5e 5edd bcee"},
    {U'权', "1464 414e 451a 4669 73e37e 85ee"},
    {U'重', "c122 14e4 717e 36c6ca3a36 38c8 2cdc 1eee"},
    {U'标', "1464 414e 451a 4669 83d3 76e6 b6bdad 987c d8ec"},
    {U'签', "3113 2262 4254 9183 92e2 b2c4 7518 85e8 58a8 3a4c 7a8c caad 2ede"},
    {U'恤', "313e 1417 5456 b1a3 7d74e4ed 949d c4cd 6ded"},
    {U'裤', "3142 145418 373e 5648 4a5b a1b2 73e3 73796e 95e5 b498 98e8 c7ce 8beb"},
    {U'子', "32c285 858d6d 18e8"},
    {U'套', "22d2 715317 93e6 454b 45a5 47a7 49a9 2bdb 6b4e 4ebd acde"},
    {U'衫', "3142 145418 373e 5648 4a5b d195 d599 e97e"},
    {U'连', "2133 16363b 3b1d 3b6dee 63d3 9176 76d6 a5ac 69e9"},
    {U'衣', "7182 14e4 741a 484e7c d699 76ee"},
    {U'裙', "3142 145418 373e 5648 4a5b 82d2d6 74e4 86d6 a1a67c 99e9ed9d99"},
    {U'外', "4117 34743d 3759 a1ae a6e9"},
    {U'凉', "1335 1c39 91a2 54e4 76c6c97976 9a9e8e 7b5d cbed"},
    {U'鞋', "1373 3135 5155 3555 2666692926 1b7b 454e 93e3 b1b6 86e6 99e9 b8bd 8ded"},
    {U'衬', "3142 145418 373e 5648 4a5b 75e5 c1cdad 889a"},
    {U'运', "2133 16363b 3b1d 3b6dee 72c2 55e5 956a 6ad9 b7db"},
    {U'动', "1363 1676 462b 2b6a 586c 84e4ddbd b1a87e"},
    {U'包', "5116 33d3d9b9 35959838 353c4dddeb"},
    {U'短', "3115 2363 1777 43471d 486c 82e2 94e4e79794 99ab e9db 8ded"},
    {U'靴', "1373 3135 5155 3555 2666692926 1b7b 454e a186 959e e4b8 b2bccdedeb"},
};

inline tinynet::Glyph drawn(const Character& character) {
  tinynet::Glyph glyph{character.character, {}};
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  const auto line = [&glyph](int x, int y, int to_x, int to_y) {
    const int steps = std::max({std::abs(to_x - x), std::abs(to_y - y), 1});
    for (int i = 0; i <= steps; ++i) {
      const int column = x + ((to_x - x) * 2 * i + steps) / (2 * steps);
      const int row = y + ((to_y - y) * 2 * i + steps) / (2 * steps);
      glyph.rows.at(static_cast<std::size_t>(row)) |= static_cast<std::uint16_t>(0x8000u >> column);
    }
  };
  const std::string_view s = character.strokes;
  for (std::size_t i = 0; i + 3 < s.size(); i += s[i + 2] == ' ' ? 3 : 2)
    if (s[i + 2] != ' ') line(digit(s[i]), digit(s[i + 1]), digit(s[i + 2]), digit(s[i + 3]));
  return glyph;
}

}  // namespace detail

/// All of them.
inline const std::vector<tinynet::Glyph>& glyphs() {
  static const std::vector<tinynet::Glyph> all = [] {
    std::vector<tinynet::Glyph> list;
    for (const detail::Character& c : detail::characters) list.push_back(detail::drawn(c));
    return list;
  }();
  return all;
}

}  // namespace mnist
