// Numbers as text, the same in every locale.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <tinynet/core/language.hpp>

namespace tinynet::detail {

// The shortest text that reads back as the same number: "1", "0.1", "1e-04".
template <class Number>
std::string shortest(Number number) {
  std::array<char, 64> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

// With this many significant digits, without zeros at the end: any float comes back from nine.
inline std::string significant(double number, int digits) {
  std::array<char, 64> text;
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, digits).ptr};
}

// With this many digits after the point.
inline std::string fixed(double number, int digits) {
  std::array<char, 512> text;
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, digits).ptr};
}

}  // namespace tinynet::detail
