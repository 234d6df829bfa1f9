#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <tinynet/data/image_file.hpp>
#include <vector>

#include "make_idx.hpp"

using test::Bytes;
using test::error_of;
using test::idx;
using test::mentions;
using test::well_formed;
using tinynet::ErrorCode;
using tinynet::ImageFile;
using tinynet::Images;
using tinynet::Index;

namespace {

const auto pixels_of = [](const Images& images) {
  return Bytes(images.data(), images.data() + images.rows() * images.cols());
};

}  // namespace

TEST_CASE("images are read when they are asked for") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "a", idx(8, {5, 2, 4}, 40));
  const ImageFile file(folder / "a");
  CHECK(file.size() == 5);
  CHECK(file.rows() == 5);
  CHECK(file.cols() == 8);
  CHECK(file.height() == 2);
  CHECK(file.width() == 4);

  const Images middle = file.images(1, 2);
  CHECK(middle.size() == 2);
  CHECK(middle.height() == 2);
  CHECK(middle.width() == 4);
  CHECK(pixels_of(middle) == Bytes{8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3});
  const std::vector<Index> which{4, 1};
  CHECK(pixels_of(file.images(which)) == Bytes{2, 3, 4, 5, 6, 7, 8, 9, 8, 9, 0, 1, 2, 3, 4, 5});
  CHECK(file.images(5, 0).size() == 0);

  tinynet::FileSource whole(folder / "a");
  CHECK(pixels_of(file.images(0, 5)) == pixels_of(tinynet::read_idx_images(whole)));
}

TEST_CASE("images that do not exist take no memory") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "a", idx(8, {5, 2, 4}, 40));
  const ImageFile file(folder / "a");
  CHECK(error_of([&] { file.images(4, 2); }).code() == ErrorCode::usage);
  CHECK(error_of([&] { file.images(0, Index{1} << 60); }).code() == ErrorCode::usage);
  CHECK(error_of([&] { file.images(0, -1); }).code() == ErrorCode::usage);
  const std::vector<Index> which{5};
  CHECK(error_of([&] { file.images(which); }).code() == ErrorCode::usage);
}

TEST_CASE("header and length are checked as read_idx_images does, with the same words") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a";
  const auto check = [&](const Bytes& content) {
    test::write_bytes(path, content);
    const auto error = error_of([&] { ImageFile{path}; });
    CHECK(error.code() == ErrorCode::data);
    CHECK(well_formed(error, path));
    tinynet::FileSource whole(path);
    CHECK(std::string(error.what()) == error_of([&] { tinynet::read_idx_images(whole); }).what());
  };
  const Bytes good = idx(8, {3, 2, 2}, 12);
  for (std::size_t n = 0; n < good.size(); ++n)
    check(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)));
  check(idx(8, {3, 2, 2}, 13));
  check(idx(8, {12}, 12));
  check(idx(9, {3, 2, 2}, 12));
  check(idx(8, {3, 4}, 12));
  check(idx(8, {0, 2, 2}, 0));
  check(idx(8, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, 12));
  check(Bytes{3, 8, 0, 0, 1, 0, 0, 0});
  check(test::bytes("<html><body>not found"));
  CHECK(error_of([&] { ImageFile(folder / "none"); }).code() == ErrorCode::io);
}

TEST_CASE("a packed file is to be unpacked first") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a.gz";
  test::write_bytes(path, test::gzip(idx(8, {3, 2, 2}, 12)));
  const auto error = error_of([&] { ImageFile{path}; });
  CHECK(error.code() == ErrorCode::data);
  CHECK(well_formed(error, path));
  CHECK(error.offset() == 0u);
  CHECK(mentions(error, "packed images cannot be read in parts; expected 0x00000803, found gzip data. Unpack"));
}

TEST_CASE("row 26: a file that becomes shorter") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a";
  test::write_bytes(path, idx(8, {5, 2, 4}, 40));
  const ImageFile file(path);
  std::filesystem::resize_file(path, 16 + 3 * 8 + 1);
  CHECK(file.images(0, 3).size() == 3);
  const auto error = error_of([&] { file.images(0, 5); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(error.offset() == 41u);
  CHECK(mentions(error, "image 3"));
  CHECK(mentions(error, "expected 56 bytes, found 41"));
}
