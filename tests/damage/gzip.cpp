// Damaged gzip files: each is refused or has the same content.
#include <string>
#include <tinynet/data/gzip.hpp>

#include "../data/make_idx.hpp"
#include "damage.hpp"

using namespace tinynet;
using test::Bit;
using test::Bytes;

namespace {

const std::string path = "some/file.gz";

Images images_of(test::ByteView packed) {
  MemorySource memory(packed, path);
  GzipSource source(memory);
  return read_idx_images(source);
}

const Bytes content = test::idx(8, {5, 3, 4}, 60);

// Reads images, which must be the right ones.
const auto read_right = [](test::ByteView packed) {
  const Images images = images_of(packed);
  CHECK(images.size() == 5);
  CHECK(Bytes(images.data(), images.data() + 60) == Bytes(content.begin() + 16, content.end()));
};

// Without the unused bits between the end of the packed data and the check, which mean nothing.
std::set<Bit> accepted_flips(const Bytes& packed) {
  std::set<Bit> accepted = test::accepted_flips(packed, path, read_right);
  for (const Bit& bit : test::bits_of(packed.size() - 9, packed.size() - 8)) accepted.erase(bit);
  return accepted;
}

}  // namespace

TEST_CASE("only what gzip itself leaves unchecked goes unseen, and it changes nothing") {
  const Bytes packed = test::gzip(content);
  CHECK(test::accepted_prefixes(packed, path, read_right) == 0);
  std::set<Bit> unchecked = test::bits_of(4, 10);  // time, extra flags, system
  unchecked.emplace(3, 0);                         // "is probably text"
  CHECK(accepted_flips(packed) == unchecked);
}

TEST_CASE("with a check of the header, too, every flip is refused") {
  gz_header header{};
  header.hcrc = 1;
  const Bytes packed = test::gzip(content, &header);
  CHECK(test::accepted_prefixes(packed, path, read_right) == 0);
  CHECK(accepted_flips(packed).empty());
}

TEST_CASE("two members") {
  const auto middle = content.begin() + 40;
  Bytes packed = test::gzip({content.begin(), middle});
  const std::size_t first = packed.size();
  const Bytes second = test::gzip({middle, content.end()});
  packed.insert(packed.end(), second.begin(), second.end());
  CHECK(test::accepted_prefixes(packed, path, read_right) == 0);
  for (const test::Bit& flip : accepted_flips(packed)) {
    const std::size_t byte = flip.first;
    const int bit = flip.second;
    const std::size_t place = byte < first ? byte : byte - first;
    CAPTURE(byte);
    CHECK(((place > 3 && place < 10) || (place == 3 && bit == 0) || byte == first - 9));
  }
}
