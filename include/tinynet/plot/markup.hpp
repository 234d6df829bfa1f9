// What HTML and SVG have in common: text between tags, and files inside a page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/language.hpp>

namespace tinynet {

/// The text as it is written between tags or in an attribute; what no page may have (control characters) is left out.
inline std::string html_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t') result += c;
    }
  }
  return result;
}

/// An element: `tag` may have attributes, `html` stands between it and its end.
inline std::string html_element(std::string_view tag, std::string_view html) {
  const std::string_view name = tag.substr(0, tag.find(' '));
  return std::string("<").append(tag).append(">").append(html).append("</").append(name).append(">\n");
}

/// Base64 (RFC 4648).
inline std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t bits = static_cast<std::uint32_t>(bytes[i]) << 16;
    if (left > 1) bits |= static_cast<std::uint32_t>(bytes[i + 1]) << 8;
    if (left > 2) bits |= bytes[i + 2];
    for (int digit = 0; digit < 4; ++digit)
      text += digit <= static_cast<int>(left) ? digits[bits >> (18 - 6 * digit) & 63] : '=';
  }
  return text;
}

/// A PNG file as the picture of a page.
inline std::string html_png(std::span<const std::uint8_t> png, std::string_view description) {
  return "<img alt=\"" + html_text(description) + "\" src=\"data:image/png;base64," + base64(png) + "\">";
}

}  // namespace tinynet
