// IDX files for the targets idx and gzip.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness.hpp"

namespace fuzz {

inline void put_size(Bytes& file, std::size_t at, std::uint32_t size) {
  for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
}
inline std::uint32_t get_size(ByteView file, std::size_t at) {
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | file[at + i];
  return size;
}

/// Bytes of one value; 0 for a type that does not exist.
inline std::size_t idx_value_size(std::uint8_t type) {
  switch (type) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0B:
      return 2;
    case 0x0C:
    case 0x0D:
      return 4;
    case 0x0E:
      return 8;
    default:
      return 0;
  }
}

/// How many bytes a file with this header has to have, 0 if that is not a few.
inline std::size_t idx_file_size(ByteView file) {
  if (file.size() < 4 || file.size() < 4 + 4 * std::size_t{file[3]}) return 0;
  const std::size_t header = 4 + 4 * std::size_t{file[3]};
  for (std::size_t at = 4; at < header; at += 4)
    if (get_size(file, at) == 0) return header;
  std::size_t bytes = idx_value_size(file[2]);
  for (std::size_t at = 4; at < header && bytes < 1'000'000; at += 4) bytes *= get_size(file, at);
  return bytes < 1'000'000 ? header + bytes : 0;
}

/// A small file, most often of images or labels.
inline Bytes make_idx(Random& random) {
  static constexpr std::uint8_t types[] = {0x08, 0x08, 0x08, 0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E};
  const std::size_t rank = one_in(random, 4) ? 1 + below(random, 6) : one_in(random, 2) ? 1 : 3;
  Bytes file{0, 0, types[below(random, 9)], static_cast<std::uint8_t>(rank)};
  for (std::size_t d = 0; d < rank; ++d) {
    file.resize(file.size() + 4);
    put_size(file, file.size() - 4, static_cast<std::uint32_t>(below(random, 6)));
  }
  const std::size_t header = file.size();
  file.resize(idx_file_size(file));
  for (std::size_t i = header; i < file.size(); ++i) file[i] = static_cast<std::uint8_t>(below(random, 11));
  return file;
}

/// Changes a file; most often it then is as long as its header says.
inline void change_idx(Bytes& file, Random& random) {
  static constexpr std::uint32_t sizes[] = {0, 1, 2, 3, 28, 255, 256, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  if (file.size() >= 8 && one_in(random, 3)) {
    const std::size_t sizes_there = std::min<std::size_t>((file.size() - 4) / 4, std::max<std::size_t>(1, file[3]));
    put_size(file, 4 + 4 * below(random, sizes_there), sizes[below(random, std::size(sizes))]);
  } else if (file.size() >= 4 && one_in(random, 3)) {
    file[2 + below(random, 2)] = static_cast<std::uint8_t>(below(random, 16));
  } else {
    mutate(file);
  }
  if (const std::size_t size = idx_file_size(file); size != 0 && !one_in(random, 4)) file.resize(size);
}

}  // namespace fuzz
