// Bytes packed as zlib packs them (RFC 1950 and 1951): repeated bytes are named by where they were, the rest has the
// format's fixed code.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tinynet::detail {

/// The bits of a deflate stream, the lowest of a byte first.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& to) : to_(to) {}

  void put(std::uint32_t bits, int count) {
    waiting_ |= std::uint64_t{bits} << count_;
    for (count_ += count; count_ >= 8; count_ -= 8, waiting_ >>= 8) to_.push_back(static_cast<std::uint8_t>(waiting_));
  }
  /// A word of a Huffman code, which has its highest bit first.
  void put_code(std::uint32_t code, int count) {
    for (int bit = count - 1; bit >= 0; --bit) put(code >> bit & 1, 1);
  }
  /// Fills the last byte.
  void finish() {
    if (count_ > 0) put(0, 8 - count_);
  }

 private:
  std::vector<std::uint8_t>& to_;
  std::uint64_t waiting_ = 0;
  int count_ = 0;
};

/// The fixed code's word for a byte (to 255), the end (256) or a length (from 257).
inline void put_symbol(BitWriter& bits, std::uint32_t symbol) {
  if (symbol < 144)
    bits.put_code(0x30 + symbol, 8);
  else if (symbol < 256)
    bits.put_code(0x190 + symbol - 144, 9);
  else if (symbol < 280)
    bits.put_code(symbol - 256, 7);
  else
    bits.put_code(0xC0 + symbol - 280, 8);
}

/// `length` bytes (3 to 258) as `distance` bytes (1 to 32768) before.
inline void put_match(BitWriter& bits, std::uint32_t length, std::uint32_t distance) {
  // Four lengths share each number of further bits, two distances do.
  const auto split = [](std::uint32_t x, int group_bits) {  // x from 0: which symbol, and its further bits
    const int extra = std::max(0, static_cast<int>(std::bit_width(x)) - 1 - group_bits);
    return std::pair((static_cast<std::uint32_t>(extra) << group_bits) + (x >> extra), extra);
  };
  if (length == 258) {
    put_symbol(bits, 285);
  } else {
    const auto [symbol, extra] = split(length - 3, 2);
    put_symbol(bits, 257 + symbol);
    bits.put((length - 3) & ((1u << extra) - 1), extra);
  }
  const auto [symbol, extra] = split(distance - 1, 1);
  bits.put_code(symbol, 5);
  bits.put((distance - 1) & ((1u << extra) - 1), extra);
}

/// Where the three bytes at a place were before.
class MatchFinder {
 public:
  explicit MatchFinder(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), last_(std::size_t{1} << hash_bits, none), before_(window, none) {}

  struct Match {
    std::size_t length = 0, distance = 0;
  };
  /// The longest of the latest places that start as the bytes at `at` do.
  Match find(std::size_t at) const {
    Match best;
    if (at + shortest > bytes_.size()) return best;
    const std::size_t most = std::min<std::size_t>(258, bytes_.size() - at);
    std::size_t place = last_[hash(at)];
    for (int tries = 0; tries < 32 && place != none && at - place <= window; ++tries) {
      std::size_t length = 0;
      while (length < most && bytes_[place + length] == bytes_[at + length]) ++length;
      if (length > best.length) best = {length, at - place};
      const std::size_t next = before_[place % window];
      if (next == none || next >= place) break;  // that place has been overwritten
      place = next;
    }
    return best.length < shortest ? Match{} : best;
  }
  void add(std::size_t at) {
    if (at + shortest > bytes_.size()) return;
    std::size_t& last = last_[hash(at)];
    before_[at % window] = last;
    last = at;
  }

 private:
  static constexpr std::size_t shortest = 3, window = 32768, none = SIZE_MAX;
  static constexpr int hash_bits = 14;
  std::size_t hash(std::size_t at) const {
    const std::uint32_t three =
        std::uint32_t{bytes_[at]} << 16 | std::uint32_t{bytes_[at + 1]} << 8 | std::uint32_t{bytes_[at + 2]};
    return three * 0x9E3779B1u >> (32 - hash_bits);
  }

  std::span<const std::uint8_t> bytes_;
  std::vector<std::size_t> last_, before_;  // the latest place of a hash; the one before a place
};

/// The checksum at the end of zlib's data.
inline std::uint32_t adler32(std::span<const std::uint8_t> bytes) {
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

/// The bytes as zlib's `uncompress` takes them.
inline std::vector<std::uint8_t> deflated(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> packed{0x78, 0x5E};  // deflate, a window of 32768 bytes
  BitWriter bits(packed);
  bits.put(1, 1);  // the last block
  bits.put(1, 2);  // of the fixed code
  MatchFinder finder(bytes);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto match = finder.find(at);
    if (match.length == 0)
      put_symbol(bits, bytes[at]);
    else
      put_match(bits, static_cast<std::uint32_t>(match.length), static_cast<std::uint32_t>(match.distance));
    for (const std::size_t end = at + std::max<std::size_t>(match.length, 1); at < end; ++at) finder.add(at);
  }
  put_symbol(bits, 256);
  bits.finish();
  const std::uint32_t sum = adler32(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) packed.push_back(static_cast<std::uint8_t>(sum >> shift));
  return packed;
}

}  // namespace tinynet::detail
