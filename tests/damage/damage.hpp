// Every prefix of a file, and every file that differs from it in one bit.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <utility>

#include "../io/temporary_folder.hpp"

namespace test {

using ByteView = std::span<const std::uint8_t>;
using Bit = std::pair<std::size_t, int>;  // byte, bit of it

// Is the file refused by `read(bytes)`, which throws, and with the error that it should?
template <class Read>
bool refused(ByteView file, const std::string& path, Read read) {
  try {
    read(file);
    return false;
  } catch (const tinynet::Error& error) {
    if (error.code() != tinynet::ErrorCode::data || !well_formed(error, path)) FAIL(error.what());
    return true;
  }
}

// How many of the prefixes are not refused.
template <class Read>
std::size_t accepted_prefixes(ByteView file, const std::string& path, Read read) {
  std::size_t accepted = 0;
  for (std::size_t n = 0; n < file.size(); ++n) accepted += refused(file.first(n), path, read) ? 0 : 1;
  return accepted;
}

// The bits from `first` on, or every so many of them, whose flip is not refused.
template <class Read>
std::set<Bit> accepted_flips(Bytes file, const std::string& path, Read read, std::size_t first = 0,
                             std::size_t stride = 1) {
  std::set<Bit> accepted;
  for (std::size_t i = 8 * first; i < 8 * file.size(); i += stride) {
    const auto mask = static_cast<std::uint8_t>(1u << i % 8);
    file[i / 8] ^= mask;
    if (!refused(file, path, read)) accepted.emplace(i / 8, static_cast<int>(i % 8));
    file[i / 8] ^= mask;
  }
  return accepted;
}

// All bits of the bytes from `begin` to before `end`.
inline std::set<Bit> bits_of(std::size_t begin, std::size_t end) {
  std::set<Bit> bits;
  for (std::size_t i = begin; i < end; ++i)
    for (int bit = 0; bit < 8; ++bit) bits.emplace(i, bit);
  return bits;
}

// Shall what takes minutes be tried as well?
inline bool every_flip_wanted() {
  const char* wanted = std::getenv("TINYNET_EVERY_FLIP");
  return wanted != nullptr && *wanted != '\0' && *wanted != '0';
}

}  // namespace test
