// Makes IDX and gzip files for the tests.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "../io/temporary_folder.hpp"

namespace test {

// The header and `values` bytes 0, 1, 2, ... modulo 10.
inline Bytes idx(std::uint8_t type, const std::vector<std::uint32_t>& sizes, std::size_t values) {
  Bytes content{0, 0, type, static_cast<std::uint8_t>(sizes.size())};
  for (const std::uint32_t n : sizes)
    for (const int shift : {24, 16, 8, 0}) content.push_back(static_cast<std::uint8_t>(n >> shift));
  for (std::size_t i = 0; i < values; ++i) content.push_back(static_cast<std::uint8_t>(i % 10));
  return content;
}

// One gzip member; with `header`, that one in place of the plain ten bytes.
inline Bytes gzip(const Bytes& content, gz_header* header = nullptr) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("deflate");
  if (header) deflateSetHeader(&stream, header);
  Bytes packed(content.size() + 100'000);
  stream.next_in = const_cast<Bytef*>(content.data());
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  const auto end = packed.begin() + static_cast<std::ptrdiff_t>(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate");
  return Bytes(packed.begin(), end);
}

}  // namespace test
