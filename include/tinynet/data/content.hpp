// Names the format of a file by its first bytes, for error messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/language.hpp>

namespace tinynet::detail {

// "a zip archive", "an HTML page" and so on; empty if nothing is recognised. 262 bytes are enough.
inline std::string_view content_name(std::span<const std::uint8_t> start) {
  const std::string text(start.begin(), start.end());
  const auto at = [&](std::size_t offset, std::string_view signature) {
    return text.size() >= offset && std::string_view(text).substr(offset, signature.size()) == signature;
  };

  if (at(0, "PK\x03\x04") || at(0, "PK\x05\x06")) {
    // In a zip archive the length of the first entry's name is at byte 26, the name itself at byte 30.
    const std::size_t length = text.size() > 27 ? start[26] + std::size_t{256} * start[27] : 0;
    const std::string_view name = text.size() > 30 ? std::string_view(text).substr(30, length) : std::string_view{};
    if (name.ends_with(".npy")) return "a NumPy npz archive";
    if (name.ends_with("/data.pkl")) return "a PyTorch file";
    return "a zip archive";
  }
  struct Signature {
    std::size_t offset;
    std::string_view bytes, name;
  };
  // \x takes all hexadecimal digits that follow, so a letter after it starts a new literal.
  constexpr Signature signatures[] = {
      {0, "\x1F\x8B", "gzip data"},
      {0,
       "\xFD"
       "7zXZ",
       "an xz file"},
      {0, "BZh", "a bzip2 file"},
      {0, "\x28\xB5\x2F\xFD", "a zstd file"},
      {0, "\x04\x22\x4D\x18", "an lz4 file"},
      {0, "7z\xBC\xAF\x27\x1C", "a 7z archive"},
      {0, "Rar!", "a rar archive"},
      {257, "ustar", "a tar archive"},
      {0, "PAR1", "a parquet file"},
      {0, "\x93NUMPY", "a NumPy npy file"},
      {0, "\x89HDF", "an HDF5 file"},
      {0, "\x89PNG", "a PNG picture"},
      {0, "\xFF\xD8\xFF", "a JPEG picture"},
      {0, "%PDF", "a PDF document"},
      {0, "version https://git-lfs", "a pointer to a file in Git LFS"},
      {0, "<?xml", "an XML document"},
  };
  for (const Signature& s : signatures)
    if (at(s.offset, s.bytes)) return s.name;

  std::string lower;
  for (const char c : text.substr(0, 16)) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower.starts_with("<html") || lower.starts_with("<!doctype html")) return "an HTML page";
  const bool printable = std::all_of(
      text.begin(), text.end(), [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; });
  return printable ? "text" : std::string_view{};
}

}  // namespace tinynet::detail
