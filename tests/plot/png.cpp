#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
// The library has more functions than this test calls.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <tinynet/plot/png.hpp>
#include <vector>

using namespace tinynet;
using Bytes = std::vector<std::uint8_t>;

namespace {

std::uint32_t number_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

struct Chunk {
  std::string name;
  Bytes data;
};

// The file's parts; what is wrong with their form fails the test.
std::vector<Chunk> chunks_of(const Bytes& file) {
  const Bytes signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  REQUIRE(file.size() > 8);
  CHECK(Bytes(file.begin(), file.begin() + 8) == signature);
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < file.size();) {
    REQUIRE(file.size() - at >= 12);
    const std::size_t size = number_at(file, at);
    REQUIRE(file.size() - at - 12 >= size);
    const auto body = std::span(file).subspan(at + 4, 4 + size);
    CHECK(number_at(file, at + 8 + size) == crc32(0, body.data(), static_cast<uInt>(body.size())));
    chunks.push_back({std::string(body.begin(), body.begin() + 4), Bytes(body.begin() + 4, body.end())});
    at += 12 + size;
  }
  return chunks;
}

Bytes decoded(const Bytes& file, int& width, int& height) {
  int channels = 0;
  stbi_uc* const pixels =
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels, 0);
  REQUIRE(pixels != nullptr);
  CHECK(channels == 3);
  Bytes bytes(pixels, pixels + 3 * width * height);
  stbi_image_free(pixels);
  return bytes;
}

// Something that no filter of PNG's makes trivial.
Picture pattern(Index height, Index width) {
  Picture picture(height, width);
  std::uint32_t state = 1;
  for (Index r = 0; r < height; ++r)
    for (Index c = 0; c < width; ++c) {
      state = state * 1664525 + 1013904223;
      const auto noise = static_cast<std::uint8_t>(state >> 24);
      picture.fill(r, c, 1, 1, {static_cast<std::uint8_t>(r * 3), static_cast<std::uint8_t>(c * 5), noise});
    }
  return picture;
}

}  // namespace

TEST_CASE("a PNG file has its signature, its chunks in order, and right checksums") {
  const auto chunks = chunks_of(to_png(pattern(31, 45)));
  REQUIRE(chunks.size() >= 3);
  CHECK(chunks.front().name == "IHDR");
  CHECK(chunks.back().name == "IEND");
  CHECK(chunks.back().data.empty());
  for (std::size_t i = 1; i + 1 < chunks.size(); ++i) CHECK(chunks[i].name == "IDAT");
  REQUIRE(chunks.front().data.size() == 13);
  CHECK(number_at(chunks.front().data, 0) == 45);
  CHECK(number_at(chunks.front().data, 4) == 31);
  // 8 bits each of red, green and blue; the one compression and filter method there is; not interlaced.
  CHECK(Bytes(chunks.front().data.begin() + 8, chunks.front().data.end()) == Bytes{8, 2, 0, 0, 0});
}

TEST_CASE("zlib inflates its data to a filter byte and the pixels for each row") {
  const auto chunks = chunks_of(to_png(pattern(31, 45)));
  Bytes packed;
  for (const Chunk& chunk : chunks)
    if (chunk.name == "IDAT") packed.insert(packed.end(), chunk.data.begin(), chunk.data.end());
  Bytes rows(31 * (1 + 3 * 45) + 100);
  auto size = static_cast<uLongf>(rows.size());
  REQUIRE(uncompress(rows.data(), &size, packed.data(), static_cast<uLong>(packed.size())) == Z_OK);
  REQUIRE(size == 31 * (1 + 3 * 45));
  for (std::size_t row = 0; row < 31; ++row) CHECK(rows[row * (1 + 3 * 45)] <= 4);
}

TEST_CASE("another program's decoder gives the same pixels back") {
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 200}, {200, 1}, {31, 45}, {300, 280}}) {
    const Picture picture = pattern(height, width);
    int w = 0, h = 0;
    CHECK(decoded(to_png(picture), w, h) == picture.bytes());
    CHECK(w == width);
    CHECK(h == height);
  }
}

TEST_CASE("a picture of one colour is a small file") {
  CHECK(to_png(Picture(500, 500, {12, 34, 56})).size() < 10'000);  // of 750000 bytes
}

TEST_CASE("a file on the disk has these bytes, or is not there") {
  const auto folder = std::filesystem::temp_directory_path() / "tinynet_test_plot_png";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "picture.png").string();
  const Picture picture = pattern(20, 30);
  save_png(path, Picture(3, 3));
  save_png(path, picture);  // in place of the other
  std::ifstream file(path, std::ios::binary);
  const Bytes bytes{std::istreambuf_iterator<char>(file), {}};
  CHECK(bytes == to_png(picture));
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);  // no temporary file is left

  const std::string missing = (folder / "missing" / "picture.png").string();
  try {
    save_png(missing, picture);
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::io);
    CHECK(std::string(error.what()).find(missing) != std::string::npos);
  }
  std::filesystem::remove_all(folder);
}
