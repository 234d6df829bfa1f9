// Pictures as PNG files.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/io/file.hpp>
#include <tinynet/plot/deflate.hpp>
#include <tinynet/plot/picture.hpp>
#include <vector>

namespace tinynet {
namespace detail {

/// The checksum of PNG's chunks.
inline std::uint32_t crc32_of(std::span<const std::uint8_t> bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> result{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? 0xEDB88320u ^ c >> 1 : c >> 1;
      result[i] = c;
    }
    return result;
  }();
  std::uint32_t sum = 0xFFFFFFFFu;
  for (const std::uint8_t byte : bytes) sum = table[(sum ^ byte) & 255] ^ sum >> 8;
  return ~sum;
}

inline void append_big_endian(std::vector<std::uint8_t>& to, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(number >> shift));
}

/// A part of a PNG file: its length, its name, its bytes, a checksum of name and bytes.
inline void append_chunk(std::vector<std::uint8_t>& file, std::string_view name, std::span<const std::uint8_t> data) {
  append_big_endian(file, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = file.size();
  file.insert(file.end(), name.begin(), name.end());
  file.insert(file.end(), data.begin(), data.end());
  append_big_endian(file, crc32_of(std::span(file).subspan(begin)));
}

/// The byte from which PNG's filter counts: 0, the one to the left, the one above, their mean, or Paeth's of three.
inline int png_prediction(int filter, int left, int above, int corner) {
  if (filter < 4) return std::array{0, left, above, (left + above) / 2}[static_cast<std::size_t>(filter)];
  const int to_left = std::abs(above - corner), to_above = std::abs(left - corner),
            to_corner = std::abs(left + above - 2 * corner);
  if (to_left <= to_above && to_left <= to_corner) return left;
  return to_above <= to_corner ? above : corner;
}

/// Each row after the number of its filter, the one that leaves the smallest differences; 3 bytes a pixel.
inline std::vector<std::uint8_t> png_rows(std::span<const std::uint8_t> pixels, std::size_t row_bytes) {
  std::vector<std::uint8_t> rows, best(row_bytes), found(row_bytes);
  rows.reserve(pixels.size() + pixels.size() / row_bytes);
  for (std::size_t begin = 0; begin < pixels.size(); begin += row_bytes) {
    std::uint8_t best_filter = 0;
    std::uint64_t least = UINT64_MAX;
    for (int filter = 0; filter < 5; ++filter) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < row_bytes; ++i) {
        const bool has_left = i >= 3, has_above = begin > 0;
        const std::size_t at = begin + i;
        const int left = has_left ? pixels[at - 3] : 0, above = has_above ? pixels[at - row_bytes] : 0;
        const int corner = has_left && has_above ? pixels[at - row_bytes - 3] : 0;
        found[i] = static_cast<std::uint8_t>(pixels[at] - png_prediction(filter, left, above, corner));
        sum += static_cast<std::uint64_t>(std::abs(static_cast<std::int8_t>(found[i])));
      }
      if (sum >= least) continue;
      least = sum;
      best_filter = static_cast<std::uint8_t>(filter);
      best.swap(found);
    }
    rows.push_back(best_filter);
    rows.insert(rows.end(), best.begin(), best.end());
  }
  return rows;
}

}  // namespace detail

/// The bytes of a PNG file.
inline std::vector<std::uint8_t> to_png(const Picture& picture) {
  std::vector<std::uint8_t> file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}, header;
  detail::append_big_endian(header, static_cast<std::uint32_t>(picture.width()));
  detail::append_big_endian(header, static_cast<std::uint32_t>(picture.height()));
  header.insert(header.end(), {8, 2, 0, 0, 0});  // 8 bits of red, green and blue each
  detail::append_chunk(file, "IHDR", header);
  const auto row_bytes = static_cast<std::size_t>(3 * picture.width());
  detail::append_chunk(file, "IDAT", detail::deflated(detail::png_rows(picture.bytes(), row_bytes)));
  detail::append_chunk(file, "IEND", {});
  return file;
}

/// Writes a PNG file, whole or not at all. Throws Error (io).
inline void save_png(const std::string& path, const Picture& picture) {
  const std::vector<std::uint8_t> file = to_png(picture);
  write_file(path, {file});
}

}  // namespace tinynet
