// Damaged IDX files. The format has no checksum: a flip in the values cannot be told. Everything else is refused.
#include <map>
#include <string>
#include <tinynet/data/idx.hpp>

#include "../data/make_idx.hpp"
#include "damage.hpp"

using namespace tinynet;
using test::Bit;
using test::Bytes;
using test::ByteView;

namespace {

const std::string path = "some/file";

const auto read_any = [](ByteView bytes) { parse_idx(bytes, path); };
const auto read_images = [](ByteView bytes) {
  MemorySource source(bytes, path);
  read_idx_images(source);
};
const auto read_labels = [](ByteView bytes) {
  MemorySource source(bytes, path);
  read_idx_labels(source);
};

}  // namespace

TEST_CASE("images: exactly the flips of pixels go unseen, and no prefix does") {
  const Bytes file = test::idx(8, {5, 3, 4}, 60);
  CHECK(test::accepted_prefixes(file, path, read_images) == 0);
  CHECK(test::accepted_flips(file, path, read_images) == test::bits_of(16, 76));
}

TEST_CASE("labels: exactly the flips that make another class go unseen") {
  const Bytes file = test::idx(8, {20}, 20);
  std::set<Bit> unseen;
  for (const auto& [byte, bit] : test::bits_of(8, 28))
    if ((file[byte] ^ 1 << bit) < 10) unseen.emplace(byte, bit);
  CHECK(test::accepted_prefixes(file, path, read_labels) == 0);
  CHECK(test::accepted_flips(file, path, read_labels) == unseen);
}

TEST_CASE("any array: flips of values go unseen, and of the type where the other is as wide") {
  const std::map<std::uint8_t, std::size_t> width{{0x08, 1}, {0x09, 1}, {0x0B, 2}, {0x0C, 4}, {0x0D, 4}, {0x0E, 8}};
  for (const auto& entry : width) {
    const std::uint8_t type = entry.first;
    const std::size_t bytes = entry.second;
    CAPTURE(static_cast<int>(type));
    const Bytes file = test::idx(type, {5, 3}, 15 * bytes);
    std::set<Bit> unseen = test::bits_of(12, file.size());
    for (int bit = 0; bit < 8; ++bit)
      if (const auto other = width.find(static_cast<std::uint8_t>(type ^ 1 << bit));
          other != width.end() && other->second == bytes)
        unseen.emplace(2, bit);
    CHECK(test::accepted_prefixes(file, path, read_any) == 0);
    CHECK(test::accepted_flips(file, path, read_any) == unseen);
  }
}
