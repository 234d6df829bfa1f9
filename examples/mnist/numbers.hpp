// Numbers from text and as text, the same in every locale.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <locale>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <tinynet/core/number_text.hpp>
#include <type_traits>

namespace mnist {

/// The number that the whole of `text` is, if it is one that fits. A plus sign, blanks, commas, NaN and infinity are
/// no part of a number.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  if constexpr (requires(const char* p) { std::from_chars(p, p, number); }) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
  } else {  // libc++ before version 20 has it for whole numbers only
    std::istringstream stream{std::string(text)};
    stream.imbue(std::locale::classic());
    if (text.empty() || text.find_first_not_of("0123456789.eE+-") != text.npos || text.front() == '+' ||
        !(stream >> number) || stream.peek() != EOF)
      return std::nullopt;
  }
  if constexpr (std::is_floating_point_v<Number>)
    if (!(number - number == 0)) return std::nullopt;
  return number;
}

/// What a number that is not finite is.
inline const char* nonfinite_word(double number) { return number == number ? "infinite" : "NaN"; }

using tinynet::detail::fixed, tinynet::detail::shortest, tinynet::detail::significant;

/// For people: so many significant digits, no exponent from a millionth to 10^15, and thin spaces between the thousands
/// of a number with more than four digits: "554 400".
inline std::string readable(double number, int digits) {
  const double size = std::abs(number);
  if (!(size >= 1e-6 && size < 1e15)) return significant(number, digits);
  const int before = std::max(1, static_cast<int>(std::floor(std::log10(size))) + 1);
  const double unit = std::pow(10, std::max(0, before - digits));  // what is rounded away before the point
  std::string text = before > digits ? fixed(std::round(number / unit) * unit, 0)
                     : size >= 1     ? fixed(number, digits - before)
                                     : fixed(number, digits - static_cast<int>(std::floor(std::log10(size))) - 1);
  const std::size_t sign = number < 0 ? 1 : 0, point = std::min(text.find('.'), text.size());
  if (point < text.size()) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  if (point > sign + 4)
    for (std::size_t at = point; at > sign + 3; text.insert(at, "\u202F")) at -= 3;
  return text;
}

}  // namespace mnist
