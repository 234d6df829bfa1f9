#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <string>
#include <tinynet/data/idx.hpp>
#include <vector>

#include "../io/count_allocations.hpp"
#include "make_idx.hpp"

using test::Bytes;
using test::bytes;
using test::error_of;
using test::idx;
using test::mentions;
using test::well_formed;
using tinynet::ByteSource;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::IdxType;
using tinynet::Index;
using tinynet::MemorySource;

namespace {

const std::string file_name = "some/file";

// Memory of which it is not known beforehand how much there is, as of the content of a gzip file.
class UnknownSize : public ByteSource {
 public:
  explicit UnknownSize(const Bytes& content) : ByteSource(file_name), memory_(content, file_name) {}
  std::size_t read(std::span<std::uint8_t> to) override { return memory_.read(to); }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string hint() const override { return "Counted unpacked"; }

 private:
  MemorySource memory_;
};

tinynet::Images images_of(const Bytes& content) {
  MemorySource source(content, file_name);
  return tinynet::read_idx_images(source);
}

std::vector<std::uint8_t> labels_of(const Bytes& content, int classes = 10) {
  MemorySource source(content, file_name);
  return tinynet::read_idx_labels(source, classes);
}

// The error for images must be the same whether the size is known or not.
Error image_error(const Bytes& content) {
  const Error known = error_of([&] { images_of(content); });
  const Error unknown = error_of([&] {
    UnknownSize source(content);
    tinynet::read_idx_images(source);
  });
  for (const Error* error : {&known, &unknown}) {
    CHECK(error->code() == ErrorCode::data);
    CHECK(error->offset().has_value());
    CHECK_FALSE(error->expected().empty());
    CHECK_FALSE(error->actual().empty());
    CHECK(well_formed(*error, file_name));
  }
  CHECK(known.offset() == unknown.offset());
  CHECK(mentions(unknown, "Counted unpacked") != mentions(unknown, "swapped?"));
  return known;
}

Error label_error(const Bytes& content, int classes = 10) {
  const Error error = error_of([&] { labels_of(content, classes); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(well_formed(error, file_name));
  return error;
}

}  // namespace

TEST_CASE("images") {
  const Bytes content = idx(8, {3, 2, 4}, 24);
  UnknownSize unknown(content);
  for (const tinynet::Images& images : {images_of(content), tinynet::read_idx_images(unknown)}) {
    CHECK(images.size() == 3);
    CHECK(images.height() == 2);
    CHECK(images.width() == 4);
    CHECK(images.matrix()(0, 0) == 0);
    CHECK(images.matrix()(1, 0) == 8);
    CHECK(images.matrix()(2, 7) == 3);
  }
}

TEST_CASE("labels") {
  CHECK(labels_of(idx(8, {4}, 4)) == std::vector<std::uint8_t>{0, 1, 2, 3});
  CHECK(labels_of(idx(8, {4}, 4), 4).size() == 4);
}

TEST_CASE("any rank and all six types, big-endian") {
  const auto u8 = tinynet::parse_idx(idx(8, {2, 1, 3, 1}, 6), file_name);
  CHECK(u8.type() == IdxType::uint8);
  CHECK(u8.shape() == std::vector<Index>{2, 1, 3, 1});
  CHECK(u8.values<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5});
  CHECK(error_of([&] { u8.values<float>(); }).code() == ErrorCode::usage);

  const auto add = [](Bytes header, std::initializer_list<int> values) {
    for (const int v : values) header.push_back(static_cast<std::uint8_t>(v));
    return header;
  };
  const auto i8 = tinynet::parse_idx(add(idx(0x09, {2}, 0), {0xFF, 0x80}), file_name);
  CHECK(i8.type() == IdxType::int8);
  CHECK(i8.values<std::int8_t>() == std::vector<std::int8_t>{-1, -128});

  const auto i16 = tinynet::parse_idx(add(idx(0x0B, {2}, 0), {0x01, 0x02, 0xFF, 0xFE}), file_name);
  CHECK(i16.type() == IdxType::int16);
  CHECK(i16.values<std::int16_t>() == std::vector<std::int16_t>{258, -2});

  const auto i32 = tinynet::parse_idx(add(idx(0x0C, {1, 1}, 0), {0x80, 0, 0, 1}), file_name);
  CHECK(i32.type() == IdxType::int32);
  CHECK(i32.shape() == std::vector<Index>{1, 1});
  CHECK(i32.values<std::int32_t>() == std::vector<std::int32_t>{-2147483647});

  const auto f32 = tinynet::parse_idx(add(idx(0x0D, {2}, 0), {0x3F, 0x80, 0, 0, 0xC0, 0x20, 0, 0}), file_name);
  CHECK(f32.type() == IdxType::float32);
  CHECK(f32.values<float>() == std::vector<float>{1.0f, -2.5f});

  const auto f64 = tinynet::parse_idx(add(idx(0x0E, {1}, 0), {0x3F, 0xF8, 0, 0, 0, 0, 0, 0}), file_name);
  CHECK(f64.type() == IdxType::float64);
  CHECK(f64.values<double>() == std::vector<double>{1.5});

  CHECK(tinynet::parse_idx(idx(8, std::vector<std::uint32_t>(255, 1), 1), file_name).shape().size() == 255);
  CHECK(tinynet::parse_idx(idx(0x0E, {3, 0, 5}, 0), file_name).values<double>().empty());
  CHECK(tinynet::parse_idx(idx(8, {2}, 2), file_name).values<std::uint8_t>() ==
        std::vector<std::uint8_t>{0, 1});  // moved out
}

TEST_CASE("many values of unknown number come in pieces") {
  Bytes content = idx(0x0C, {700'000}, 2'800'000);
  UnknownSize source(content);
  const auto array = tinynet::read_idx(source);
  const auto& values = array.values<std::int32_t>();
  REQUIRE(values.size() == 700'000);
  CHECK(values == tinynet::parse_idx(content, file_name).values<std::int32_t>());
  CHECK(values[0] == 0x00010203);
  CHECK(values[699'999] == 0x06070809);
}

TEST_CASE("errors of other arrays than images") {
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0x00, 0x07, 0x0A, 0x0F, 0xFF}) {
    const Error error = error_of([&] { tinynet::parse_idx(idx(type, {1}, 1), file_name); });
    CHECK(error.code() == ErrorCode::data);
    CHECK(error.offset() == 2u);
    CHECK(mentions(error, "unknown type"));
  }
  CHECK(error_of([&] { tinynet::parse_idx(idx(8, {}, 1), file_name); }).offset() == 3u);
  CHECK(error_of([&] { tinynet::parse_idx(idx(0x0E, {2}, 15), file_name); }).offset() == 23u);
  CHECK(error_of([&] { tinynet::parse_idx(idx(0x0E, {2}, 17), file_name); }).offset() == 24u);
  CHECK(error_of([&] { tinynet::parse_idx(idx(8, {5, 0}, 1), file_name); }).offset() == 12u);
  CHECK(error_of([&] {
          tinynet::parse_idx(idx(0x0E, std::vector<std::uint32_t>(255, 0xFFFFFFFF), 1), file_name);
        }).code() == ErrorCode::data);
  // 2^32 x 2^32 x 0: the product overflows before it becomes 0.
  CHECK(error_of([&] {
          tinynet::parse_idx(idx(8, {0xFFFFFFFF, 0xFFFFFFFF, 0}, 0), file_name);
        }).code() == ErrorCode::data);
}

TEST_CASE("row 1: empty, or 1 to 3 bytes") {
  for (std::size_t n = 0; n < 4; ++n) {
    const Error error = image_error(Bytes(n, 0));
    CHECK(error.offset() == 0u);
    CHECK(mentions(error, "expected 4 bytes, found " + std::to_string(n) + " bytes"));
  }
}

TEST_CASE("row 2: byte-swapped magic number") {
  const Error error = image_error({3, 8, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0});
  CHECK(error.offset() == 0u);
  CHECK(mentions(error, "byte-swapped"));
  CHECK(error.expected() == "0x00000803");
  CHECK(error.actual() == "0x03080000");
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0, 7, 0x0A})
    CHECK_FALSE(mentions(image_error({3, type, 0, 0}), "byte-swapped"));
  CHECK(mentions(image_error({0, 0, 0, 0}), "type 0x00 not supported"));
}

TEST_CASE("row 3: images and labels swapped") {
  const Error error = image_error(idx(8, {4}, 4));
  CHECK(error.expected() == "0x00000803");
  CHECK(error.actual() == "0x00000801");
  CHECK(mentions(error, "swapped?"));
  const Error other = label_error(idx(8, {1, 2, 2}, 4));
  CHECK(other.expected() == "0x00000801");
  CHECK(mentions(other, "swapped?"));
}

TEST_CASE("row 4: another type") {
  for (const std::uint8_t type : std::initializer_list<std::uint8_t>{0x07, 0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0xFF}) {
    const Error error = image_error(idx(type, {1, 2, 2}, 32));
    CHECK(error.offset() == 2u);
    CHECK(error.expected() == "0x08 (ubyte)");
  }
  CHECK(mentions(image_error(idx(0x0C, {1, 2, 2}, 16)), "type 0x0C not supported; expected 0x08 (ubyte)"));
}

TEST_CASE("row 5: not an IDX file; row 36: says what it is") {
  CHECK(image_error({1, 0, 8, 3, 0, 0}).offset() == 0u);
  CHECK(image_error({0, 1, 8, 3, 0, 0}).offset() == 0u);
  CHECK(image_error(bytes("\x1F\x8B\x08\x08")).actual() == "gzip data");
  CHECK(image_error(bytes("PK\x03\x04...")).actual() == "a zip archive");
  CHECK(image_error(bytes("<html>not found")).actual() == "an HTML page");
  CHECK(image_error(bytes("a.txt" + std::string(252, '\0') + "ustar  ")).actual() == "a tar archive");
}

TEST_CASE("row 6: another rank") {
  for (const std::size_t rank : {std::size_t{0}, std::size_t{2}, std::size_t{4}, std::size_t{255}}) {
    const Error error = image_error(idx(8, std::vector<std::uint32_t>(rank, 1), 1));
    CHECK(error.offset() == 3u);
    CHECK(error.expected() == "3");
    CHECK(error.actual() == std::to_string(rank));
  }
}

TEST_CASE("row 7: the header is cut") {
  const Bytes whole = idx(8, {1, 2, 2}, 4);
  for (std::size_t n = 4; n < 16; ++n) {
    const Error error = image_error(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
    CHECK(error.offset() == n);
    CHECK(mentions(error, "expected 16 bytes of header, found " + std::to_string(n) + " bytes"));
  }
}

TEST_CASE("rows 8 and 12: no images, or images without pixels") {
  const Error none = image_error(idx(8, {0, 28, 28}, 0));
  CHECK(none.offset() == 4u);
  CHECK(mentions(none, "no examples"));
  CHECK(image_error(idx(8, {1, 0, 28}, 0)).offset() == 8u);
  CHECK(image_error(idx(8, {1, 28, 0}, 0)).offset() == 12u);
  CHECK(label_error(idx(8, {0}, 0)).offset() == 4u);
}

TEST_CASE("rows 9 to 11: sizes that the file cannot have take neither memory nor time") {
  const std::vector<std::vector<std::uint32_t>> shapes{
      {0xFFFFFFFF, 28, 28}, {1, 65536, 65536}, {65536, 65536, 65536}, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}};
  for (const auto& shape : shapes) {
    const Bytes content = idx(8, shape, 784);
    const std::size_t before = test::allocated_bytes;
    const std::clock_t start = std::clock();  // the processor's time: others may use the machine
    const Error error = error_of([&] { images_of(content); });
    CHECK(std::clock() - start < CLOCKS_PER_SEC / 10);
    CHECK(test::allocated_bytes - before < 100'000);
    CHECK(error.code() == ErrorCode::data);
    CHECK_FALSE(error.expected().empty());

    UnknownSize unknown(content);  // not known to be too few before they are read: a piece of 256 KiB
    const std::size_t before_unknown = test::allocated_bytes;
    CHECK(error_of([&] { tinynet::read_idx_images(unknown); }).code() == ErrorCode::data);
    CHECK(test::allocated_bytes - before_unknown < content.size() + (1 << 19));
  }
  CHECK(mentions(image_error(idx(8, {0xFFFFFFFF, 28, 28}, 784)), "4294967295 x 28 x 28"));
}

TEST_CASE("row 14: pixels cut at any byte") {
  const Bytes whole = idx(8, {5, 3, 4}, 60);
  for (std::size_t n = 16; n < whole.size(); ++n) {
    const Error error = image_error(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)));
    CHECK(error.offset() == n);
    CHECK(mentions(error, "image " + std::to_string((n - 16) / 12)));
    CHECK(mentions(error, "expected 76 bytes for 5 x 3 x 4, found " + std::to_string(n) + " bytes"));
  }
}

TEST_CASE("row 15: bytes after the pixels") {
  Bytes content = idx(8, {5, 3, 4}, 61);
  CHECK(image_error(content).offset() == 76u);
  CHECK(mentions(image_error(content), "bytes after the last image"));
  CHECK(image_error(content).actual() == "77");  // known beforehand, so the whole size is told

  // The tail is not even read.
  class Endless : public ByteSource {
   public:
    explicit Endless(const Bytes& start) : ByteSource(file_name), start_(start, file_name) {}
    std::size_t read(std::span<std::uint8_t> to) override {
      taken_ += to.size();
      const std::size_t n = start_.read(to);
      std::fill(to.begin() + static_cast<std::ptrdiff_t>(n), to.end(), std::uint8_t{0});
      return to.size();
    }
    std::optional<std::uint64_t> size() const override { return std::nullopt; }
    std::size_t taken() const { return taken_; }

   private:
    MemorySource start_;
    std::size_t taken_ = 0;
  };
  Endless endless(content);
  CHECK(error_of([&] { tinynet::read_idx_images(endless); }).offset() == 76u);
  CHECK(endless.taken() == 77);
}

TEST_CASE("row 17: a label that is no class") {
  for (const int bad : {10, 200, 255}) {
    Bytes content = idx(8, {6}, 6);
    content[8 + 4] = static_cast<std::uint8_t>(bad);
    const Error error = label_error(content);
    CHECK(error.offset() == 12u);
    CHECK(mentions(error, "label 4"));
    CHECK(error.expected() == "0 to 9");
    CHECK(error.actual() == std::to_string(bad));
  }
  CHECK(label_error(idx(8, {6}, 6), 5).offset() == 13u);
}

TEST_CASE("a source that becomes shorter while it is read") {
  class Shrinking : public ByteSource {
   public:
    explicit Shrinking(const Bytes& content) : ByteSource(file_name), memory_(content, file_name) {}
    std::size_t read(std::span<std::uint8_t> to) override { return memory_.read(to); }
    std::optional<std::uint64_t> size() const override { return 76; }

   private:
    MemorySource memory_;
  };
  const Bytes content = idx(8, {5, 3, 4}, 50);
  Shrinking source(content);
  const Error error = error_of([&] { tinynet::read_idx_images(source); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(error.offset() == 66u);
}
