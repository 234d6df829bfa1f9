// Numbers from text and as text, the same in every locale.
#pragma once

#include <charconv>
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

}  // namespace mnist
