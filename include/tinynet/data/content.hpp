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
      {0, "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20", "a PyTorch file"},  // of before version 1.6
      {0, "\x80\x02", "a Python pickle"},
      {0, "\x80\x03", "a Python pickle"},
      {0, "\x80\x04", "a Python pickle"},
      {0, "\x80\x05", "a Python pickle"},
      {0, "\x93NUMPY", "a NumPy npy file"},
      {0, "\x89HDF", "an HDF5 file"},
      {0, "\x89PNG", "a PNG picture"},
      {0, "\xFF\xD8\xFF", "a JPEG picture"},
      {0, "GIF8", "a GIF picture"},
      {0, "%PDF", "a PDF document"},
      {0, "GGUF", "a GGUF file"},
      {0,
       "\x7F"
       "ELF",
       "a program"},
      {0, "version https://git-lfs", "a pointer to a file in Git LFS"},
      {0, "<?xml", "an XML document"},
  };
  for (const Signature& s : signatures)
    if (at(s.offset, s.bytes)) return s.name;

  // Pages and texts may begin with a byte order mark and with empty lines.
  const std::size_t mark = at(0, "\xEF\xBB\xBF") ? 3 : 0, first = text.find_first_not_of(" \t\r\n", mark);
  std::string lower = first == text.npos ? std::string() : text.substr(first, 16);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const std::string_view tag : {"<html", "<!doctype html", "<head", "<body", "<script", "<!--"})
    if (lower.starts_with(tag)) return "an HTML page";
  const std::size_t quote = lower.starts_with('{') ? lower.find_first_not_of(" \t\r\n", 1) : lower.npos;
  if (quote != lower.npos && (lower[quote] == '"' || lower[quote] == '}')) return "JSON";
  const bool printable = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(mark), text.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
  });
  if (!printable) return {};
  return lower.starts_with('[') ? "JSON" : "text";
}

}  // namespace tinynet::detail
