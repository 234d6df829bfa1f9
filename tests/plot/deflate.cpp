#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <random>
#include <string_view>
#include <tinynet/plot/deflate.hpp>
#include <vector>

using Bytes = std::vector<std::uint8_t>;
using tinynet::detail::deflated;

namespace {

// What zlib makes of them, which checks the checksum, too.
Bytes inflated(const Bytes& packed, std::size_t size) {
  Bytes bytes(size + 1);
  auto found = static_cast<uLongf>(bytes.size());
  REQUIRE(uncompress(bytes.data(), &found, packed.data(), static_cast<uLong>(packed.size())) == Z_OK);
  bytes.resize(found);
  return bytes;
}

void check(const Bytes& bytes) { CHECK(inflated(deflated(bytes), bytes.size()) == bytes); }

}  // namespace

TEST_CASE("zlib gives back what was packed: nothing, every byte, repetitions of every length") {
  check({});
  for (int byte = 0; byte < 256; ++byte) check({static_cast<std::uint8_t>(byte)});
  for (std::size_t length = 1; length < 600; ++length) check(Bytes(length, 7));
  check(Bytes(100'000, 0));
}

TEST_CASE("zlib gives back what was packed: repetitions at every distance, in and out of the window") {
  std::mt19937 random(1);
  Bytes noise(70'000);
  for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
  check(noise);
  for (const std::size_t distance : {1,    2,    3,     4,     5,     6,     8,     9,     12,    13,     24,    25,
                                     1000, 4097, 24576, 24577, 32766, 32767, 32768, 32769, 32770, 40'000, 65'536}) {
    Bytes bytes(noise.begin(), noise.begin() + static_cast<std::ptrdiff_t>(distance));
    for (std::size_t i = 0; i < 1000; ++i) bytes.push_back(bytes[i]);
    check(bytes);
  }
}

TEST_CASE("zlib gives back what was packed: few different bytes, for long") {
  std::mt19937 random(2);
  for (const unsigned kinds : {2, 3, 10}) {
    Bytes bytes(200'000);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % kinds * 100);
    const Bytes packed = deflated(bytes);
    CHECK(inflated(packed, bytes.size()) == bytes);
    CHECK(packed.size() < bytes.size());
  }
}

TEST_CASE("what repeats becomes small") {
  CHECK(deflated(Bytes(1'000'000, 9)).size() < 7'000);  // 13 bits each 258 bytes
  const std::string_view word = "the same words again and again, ";
  Bytes text;
  for (int i = 0; i < 1000; ++i) text.insert(text.end(), word.begin(), word.end());
  CHECK(deflated(text).size() < 400);
}
