// A file of another format, given in place of a safetensors file, is called by its name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/error.hpp>
#include <tinynet/data/content.hpp>

namespace tinynet::detail {

/// So many of a file's first bytes are enough to recognise all formats that are known.
inline constexpr std::size_t enough_to_recognise = 262;

/// Throws Error (data) if a file that begins with these bytes is known to be something else: an HTML page, a zip
/// archive, JSON and so on.
inline void refuse_foreign(std::span<const std::uint8_t> start, const std::string& path) {
  const std::string_view name = start.empty() ? std::string_view{} : content_name(start);
  if (name.empty()) return;
  const auto shown = start.first(std::min<std::size_t>(start.size(), 8));
  throw Error({.path = path,
               .offset = 0,
               .field = "header length",
               .what = "not a safetensors file: " + std::string(name),
               .expected = "the length of the header in 8 bytes",
               .actual = "'" + printable({reinterpret_cast<const char*>(shown.data()), shown.size()}) + "'",
               .hint = name == "a PyTorch file"
                           ? "In Python, safetensors.torch.save_file(net.state_dict(), ...) writes one"
                           : ""});
}

}  // namespace tinynet::detail
