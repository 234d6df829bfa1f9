// A number by which one sees that memory has changed.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <tinynet/core/eigen.hpp>

namespace tinynet::detail {

/// A hash of bytes. Another one word always gives another hash, other words almost always do. It is quick, and no
/// protection against somebody who wants to deceive.
class Fingerprint {
 public:
  /// The next bytes.
  void add(const void* from, Index bytes) {
    const auto* next = static_cast<const unsigned char*>(from);
    constexpr Index word = sizeof(std::uint64_t), block = lanes * word;
    for (; bytes >= block; bytes -= block, next += block)
      for (std::size_t i = 0; i < lanes; ++i) mix(state_[i], read(next + static_cast<Index>(i) * word, word));
    for (; bytes > 0; bytes -= word, next += word) mix(state_[0], read(next, bytes < word ? bytes : word));
  }

  /// Of all bytes so far; never 0 or 1.
  std::uint64_t value() const {
    std::uint64_t all = 0;
    for (const std::uint64_t lane : state_) mix(all, lane);
    return all | 2;
  }

 private:
  static constexpr std::size_t lanes = 4;  // which the processor can work on at the same time

  static std::uint64_t read(const unsigned char* from, Index bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, static_cast<std::size_t>(bytes));
    return word;
  }
  // A multiplication alone would never let a word's highest bits, the signs, have a say in lower ones.
  static void mix(std::uint64_t& state, std::uint64_t word) {
    state = (state ^ word) * 0x9E3779B97F4A7C15u;
    state ^= state >> 32;
  }

  std::array<std::uint64_t, lanes> state_{1, 2, 3, 4};
};

}  // namespace tinynet::detail
