#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <tinynet/data/gzip.hpp>
#include <vector>

#include "../io/count_allocations.hpp"
#include "make_idx.hpp"

using test::Bytes;
using test::bytes;
using test::error_of;
using test::gzip;
using test::idx;
using test::mentions;
using test::TemporaryFolder;
using test::well_formed;
using test::write_bytes;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::GzipSource;
using tinynet::MemorySource;

namespace {

const std::string name = "some/file.gz";

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// All that comes out, `step` bytes at a time.
Bytes unpack(const Bytes& packed, std::size_t step = 1000) {
  MemorySource memory(packed, name);
  GzipSource source(memory);
  Bytes all;
  for (;;) {
    Bytes part(step);
    part.resize(source.read(part));
    all = std::move(all) + part;
    if (part.size() < step) return all;
  }
}

std::vector<std::uint8_t> labels_of(const Bytes& packed) {
  MemorySource memory(packed, name);
  GzipSource source(memory);
  return tinynet::read_idx_labels(source);
}

Error unpack_error(const Bytes& packed) {
  const Error error = error_of([&] { unpack(packed); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(error.offset().has_value());
  CHECK_FALSE(error.expected().empty());
  CHECK_FALSE(error.actual().empty());
  CHECK(well_formed(error, name));
  return error;
}

// Bytes that do not pack well, so that packed content is longer than the buffer.
Bytes noise(std::size_t n) {
  Bytes content(n);
  std::uint32_t state = 1;
  for (auto& byte : content) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return content;
}

// Ten bytes of gzip header, and deflate data written bit by bit.
class Deflate {
 public:
  // Least significant bit first, as all fields but Huffman codes.
  Deflate& field(unsigned value, int bits) {
    for (int i = 0; i < bits; ++i) bit((value >> i) & 1u);
    return *this;
  }
  // Most significant bit first.
  Deflate& code(unsigned value, int bits) {
    for (int i = bits; i-- > 0;) bit((value >> i) & 1u);
    return *this;
  }
  Bytes file() const { return bytes_ + Bytes(60, 0); }

 private:
  void bit(unsigned value) {
    if (used_ % 8 == 0) bytes_.push_back(0);
    bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | value << (used_ % 8));
    ++used_;
  }
  Bytes bytes_{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3};
  int used_ = 0;
};

}  // namespace

TEST_CASE("row 35: gzip is unpacked, anything else passes as it is") {
  for (const std::size_t n : {0u, 1u, 2u, 65535u, 65536u, 65537u, 300'000u})
    for (const std::size_t step : {999u, 65536u, 1'000'000u}) {
      const Bytes content = noise(n);
      CHECK(unpack(content, step) == content);
      CHECK(unpack(gzip(content), step) == content);
    }
  CHECK(unpack({0x1F}) == Bytes{0x1F});

  const Bytes raw(5, 'x'), packed = gzip(raw);
  MemorySource raw_memory(raw, name), packed_memory(packed, name);
  CHECK(GzipSource(raw_memory).size() == 5u);
  CHECK(GzipSource(raw_memory).hint().empty());
  CHECK_FALSE(GzipSource(packed_memory).size().has_value());
}

TEST_CASE("row 29: cut at any byte") {
  const Bytes packed = gzip(idx(8, {100}, 100));
  for (std::size_t n = 2; n < packed.size(); ++n) {
    const Bytes cut(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(n));
    const Error error = unpack_error(cut);
    CHECK(error.offset() == n);
    CHECK(mentions(error, "gzip data end early"));
    CHECK(error_of([&] { labels_of(cut); }).code() == ErrorCode::data);
  }
}

TEST_CASE("row 30: wrong CRC, wrong length") {
  Bytes packed = gzip(bytes("content"));
  const std::size_t end = packed.size();
  // crc32(b"content") from Python's zlib.
  packed[end - 8] ^= 0x01;
  const Error crc = unpack_error(packed);
  CHECK(crc.offset() == end - 4);
  CHECK(mentions(crc, "wrong CRC-32"));
  CHECK(crc.actual() == "0xFEC530A9");
  CHECK(crc.expected() == "0xFEC530A8");
  packed[end - 8] ^= 0x01;
  packed[end - 1] ^= 0x80;
  const Error length = unpack_error(packed);
  CHECK(length.offset() == end);
  CHECK(length.expected() == "2147483655 bytes (modulo 2^32)");
  CHECK(length.actual() == "7 bytes");
  // Found even when all labels have come.
  Bytes labels = gzip(idx(8, {100}, 100));
  labels[labels.size() - 8] ^= 1;
  CHECK(mentions(error_of([&] { labels_of(labels); }), "wrong CRC-32"));
}

TEST_CASE("the check lies on both sides of the buffer's end") {
  // Packed length 65536 + 4 in all: the buffer ends between CRC and length, or within them.
  for (std::size_t extra = 1; extra < 8; ++extra) {
    const Bytes content = noise(65'000);
    Bytes packed = gzip(content);
    std::string file_name(65536 + extra - packed.size() - 1, 'x');
    gz_header header{};
    header.name = reinterpret_cast<Bytef*>(file_name.data());
    packed = gzip(content, &header);
    REQUIRE(packed.size() == 65536 + extra);
    CHECK(unpack(packed) == content);
    const std::uint32_t crc = static_cast<std::uint32_t>(crc32(0, content.data(), 65'000));
    packed[packed.size() - 5] ^= 0x10;
    const Error error = unpack_error(packed);
    CHECK(error.offset() == packed.size() - 4);
    CHECK(error.actual() == tinynet::detail::hex(crc, 8));
    CHECK(error.expected() == tinynet::detail::hex(crc ^ 0x10000000u, 8));
  }
}

TEST_CASE("row 31: a bomb is stopped after the bytes that the header asks for") {
  Bytes content = idx(8, {1, 28, 28}, 784);
  content.resize(64'000'000);
  const Bytes packed = gzip(content);
  REQUIRE(packed.size() < 100'000);
  MemorySource memory(packed, name);
  const std::size_t before = test::allocated_bytes;
  GzipSource source(memory);
  const std::clock_t start = std::clock();  // the processor's time: others may use the machine
  const Error error = error_of([&] { tinynet::read_idx_images(source); });
  CHECK(std::clock() - start < CLOCKS_PER_SEC / 10);
  CHECK(test::allocated_bytes - before < 200'000);
  CHECK(error.offset() == 800u);
  CHECK(mentions(error, "bytes after the last image"));
  CHECK(mentions(error, "unpacked"));
}

TEST_CASE("row 9, packed: sizes that the content does not have take no memory") {
  for (const std::uint32_t count : {60'000u, 0xFFFFFFFFu}) {
    const Bytes packed = gzip(idx(8, {count, 28, 28}, 784));
    MemorySource memory(packed, name);
    const std::size_t before = test::allocated_bytes;
    GzipSource source(memory);
    const Error error = error_of([&] { tinynet::read_idx_images(source); });
    CHECK(error.code() == ErrorCode::data);
    CHECK(error.offset() == 800u);
    CHECK(test::allocated_bytes - before < (1 << 19));
  }
}

TEST_CASE("row 32: several members are one stream, anything else at the end is refused") {
  const Bytes content = idx(8, {50}, 50);
  const Bytes first(content.begin(), content.begin() + 20), second(content.begin() + 20, content.end());
  CHECK(labels_of(gzip(first) + gzip(second)).size() == 50);
  CHECK(labels_of(gzip({}) + gzip(first) + gzip({}) + gzip(second) + gzip({})).size() == 50);
  CHECK(mentions(error_of([&] { labels_of(gzip(content) + gzip(second)); }), "bytes after the last label"));
  for (const Bytes& tail : {Bytes{0}, Bytes(512, 0), Bytes{0x1F}, Bytes{0x1F, 0x8C}, bytes("garbage"), content}) {
    const Error error = unpack_error(gzip(content) + tail);
    CHECK(error.offset() == gzip(content).size());
    CHECK(mentions(error, "bytes after the end of the gzip data"));
    CHECK(error_of([&] { labels_of(gzip(content) + tail); }).code() == ErrorCode::data);
  }
  CHECK(mentions(unpack_error(gzip(content) + Bytes{0x1F, 0x8B}), "end early"));
  // A wrong check in a later member.
  Bytes damaged = gzip(first) + gzip(second);
  damaged[damaged.size() - 8] ^= 1;
  CHECK(mentions(unpack_error(damaged), "wrong CRC-32"));
}

TEST_CASE("members that begin at the buffer's end") {
  const Bytes content = noise(65'000);
  const Bytes plain = gzip(content);
  for (std::size_t size = 65533; size <= 65538; ++size) {
    std::string file_name(size - plain.size() - 1, 'x');
    gz_header header{};
    header.name = reinterpret_cast<Bytef*>(file_name.data());
    const Bytes first = gzip(content, &header);
    REQUIRE(first.size() == size);
    CHECK(unpack(first + gzip(bytes("more"))) == content + bytes("more"));
    CHECK(unpack_error(first + Bytes{0x1F}).offset() == size);
    CHECK(unpack_error(first + bytes("xy")).offset() == size);
  }
}

TEST_CASE("row 33: optional fields of the header") {
  const Bytes content = bytes("content");
  Bytes extra(65535, 7);
  std::string file_name = "name", comment = "comment";
  gz_header header{};
  header.extra = extra.data();
  header.extra_len = 65535;
  header.name = reinterpret_cast<Bytef*>(file_name.data());
  header.comment = reinterpret_cast<Bytef*>(comment.data());
  header.hcrc = 1;
  CHECK(unpack(gzip(content, &header)) == content);
  header.extra = nullptr;
  Bytes packed = gzip(content, &header);
  packed[10] ^= 1;  // the name, which the header's CRC covers
  CHECK(mentions(unpack_error(packed), "header crc mismatch"));
  CHECK(mentions(unpack_error(Bytes{0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 3} + Bytes(200'000, 'x')), "end early"));  // name
  for (const int bit : {5, 6, 7}) {
    packed = gzip(content);
    packed[3] = static_cast<std::uint8_t>(1 << bit);
    CHECK(mentions(unpack_error(packed), "unknown header flags set"));
  }
  packed = gzip(content);
  packed[2] = 7;
  CHECK(mentions(unpack_error(packed), "unknown compression method"));
}

TEST_CASE("row 34: damaged deflate data") {
  CHECK(mentions(unpack_error(Deflate().field(1, 1).field(3, 2).file()), "invalid block type"));
  CHECK(mentions(unpack_error(Deflate().field(1, 1).field(1, 2).code(1, 7).code(0, 5).file()), "too far back"));
  CHECK(mentions(unpack_error(Deflate().field(1, 1).field(1, 2).code(0xC6, 8).file()), "invalid literal/length"));
  CHECK(mentions(unpack_error(Deflate().field(1, 1).field(0, 2).field(0, 5).field(0x1234, 16).field(0, 16).file()),
                 "invalid stored block lengths"));
  // Code lengths all 1 are too many, none at all too few; 30 distances are more than there are.
  Deflate crowded, none;
  crowded.field(1, 1).field(2, 2).field(0, 5).field(0, 5).field(15, 4);
  none.field(1, 1).field(2, 2).field(0, 5).field(0, 5).field(15, 4);
  for (int i = 0; i < 19; ++i) {
    crowded.field(1, 3);
    none.field(0, 3);
  }
  CHECK(mentions(unpack_error(crowded.file()), "invalid code lengths set"));
  CHECK(mentions(unpack_error(none.file()), "missing end-of-block"));
  CHECK(mentions(unpack_error(Deflate().field(1, 1).field(2, 2).field(0, 5).field(31, 5).field(0, 4).file()),
                 "too many length or distance symbols"));
}

TEST_CASE("a flipped bit never gives other labels") {
  const Bytes content = idx(8, {60}, 60);
  const Bytes packed = gzip(content);
  const auto right = labels_of(packed);
  int refused = 0, accepted = 0;
  for (std::size_t i = 0; i < packed.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = packed;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ 1 << bit);
      try {
        CHECK(labels_of(flipped) == right);
        ++accepted;
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::data);
        ++refused;
      }
    }
  // Nothing checks time, extra flags, system and the text flag in the header, and the unused bits of the last byte.
  CHECK(accepted <= 8 * 6 + 1 + 7);
  CHECK(refused + accepted == static_cast<int>(8 * packed.size()));
}

TEST_CASE("files: the content decides, not the name") {
  const TemporaryFolder folder;
  const Bytes images = idx(8, {2, 3, 4}, 24), labels = idx(8, {5}, 5);
  write_bytes(folder / "raw.gz", images);
  write_bytes(folder / "packed", gzip(images));
  for (const char* file : {"raw.gz", "packed"}) {
    CHECK(tinynet::read_idx_images(folder / file).matrix()(1, 11) == 3);
    CHECK(tinynet::read_idx(folder / file).shape() == std::vector<tinynet::Index>{2, 3, 4});
  }
  write_bytes(folder / "labels", gzip(labels));
  CHECK(tinynet::read_idx_labels(folder / "labels").size() == 5);
  CHECK(error_of([&] { tinynet::read_idx_labels(folder / "labels", 4); }).code() == ErrorCode::data);

  write_bytes(folder / "twice", gzip(gzip(images)));
  const Error twice = error_of([&] { tinynet::read_idx_images(folder / "twice"); });
  CHECK(twice.code() == ErrorCode::data);
  CHECK(twice.actual() == "gzip data");
  CHECK(mentions(twice, "unpacked"));
  CHECK(error_of([&] { tinynet::read_idx_images(folder / "none"); }).code() == ErrorCode::io);
}

TEST_CASE("row 36: other formats, packed or not, are named") {
  const Bytes tar = bytes("a.txt" + std::string(252, '\0') + "ustar  " + std::string(300, '\0'));
  for (const bool packed : {false, true}) {
    const auto error = [&](const Bytes& content) {
      return error_of([&] { labels_of(packed ? gzip(content) : content); });
    };
    CHECK(error(tar).actual() == "a tar archive");
    CHECK(error(bytes("PK\x03\x04....")).actual() == "a zip archive");
    CHECK(error(bytes("PAR1....")).actual() == "a parquet file");
    CHECK(error(bytes(std::string_view("\xFD\x37\x7A\x58\x5A\0", 6))).actual() == "an xz file");
  }
}
