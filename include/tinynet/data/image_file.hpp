// The pictures of an IDX file that stays on disk, for data sets larger than memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/idx.hpp>
#include <tinynet/io/random_access.hpp>
#include <tinynet/io/row_file.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// The pictures of an IDX file (bytes, rank 3, not packed) that are read when they are asked for:
/// `ImageFile file("train-images-idx3-ubyte"); const Images some = file.images(1000, 64);`
/// Takes no memory but for what it hands out.
class ImageFile : public RowFile<std::uint8_t> {
 public:
  /// Opens the file and checks its header and its length, with the errors of read_idx_images. Throws Error (io or
  /// data).
  explicit ImageFile(const std::string& path) : ImageFile(std::make_shared<RandomAccessFile>(path)) {}

  /// Of each picture, in pixels.
  Index height() const { return height_; }
  /// Of each picture, in pixels.
  Index width() const { return width_; }

  /// Pictures [begin, begin + count). Throws Error: usage if there are no such pictures, data if the file has become
  /// shorter, io if it cannot be read.
  Images images(Index begin, Index count) const {
    detail::check_middle_rows(begin, count, rows());
    return filled(count, [&](std::span<std::uint8_t> to) { read(begin, count, to); });
  }

  /// The pictures with these numbers, in this order. Throws as above.
  Images images(std::span<const Index> which) const {
    return filled(static_cast<Index>(which.size()), [&](std::span<std::uint8_t> to) { read(which, to); });
  }

 private:
  struct Header {
    std::vector<Index> shape;  // count, height, width
    std::uint64_t size;        // bytes
  };

  explicit ImageFile(std::shared_ptr<RandomAccessFile> file) : ImageFile(file, read_header(*file)) {}

  ImageFile(std::shared_ptr<RandomAccessFile> file, const Header& header)
      : RowFile(std::move(file), header.size, header.shape[0], header.shape[1] * header.shape[2], "image"),
        height_(header.shape[1]),
        width_(header.shape[2]) {}

  static Header read_header(RandomAccessFile& file) {
    std::array<std::uint8_t, 2> start{};
    if (file.read_at(0, start) == 2 && start[0] == 0x1F && start[1] == 0x8B)
      throw Error({.path = file.path(),
                   .offset = 0,
                   .field = "magic number",
                   .what = "packed images cannot be read in parts",
                   .expected = detail::hex(0x0803, 8),
                   .actual = "gzip data",
                   .hint = "Unpack the file first (gunzip)"});
    const detail::IdxExpected expected{3, "image", {}};
    const detail::IdxReader reader(file, &expected);
    return {reader.shape(), reader.header_bytes()};
  }

  template <class Fill>
  Images filled(Index count, const Fill& fill) const {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(count * cols()));
    fill(std::span(pixels));
    return {std::move(pixels), count, height_, width_};
  }

  Index height_, width_;
};

}  // namespace tinynet
