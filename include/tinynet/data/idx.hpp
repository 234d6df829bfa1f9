// IDX, the file format of MNIST: http://yann.lecun.com/exdb/mnist (kept at web.archive.org).
//   2 bytes 0, 1 byte type, 1 byte rank, rank x 4 bytes sizes, then the values; all numbers big-endian, last index
//   fastest
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/data/content.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/idx_array.hpp>
#include <tinynet/io/source.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynet {

namespace detail {

// What a file has to be, where that is known.
struct IdxExpected {
  std::uint8_t rank;
  std::string_view item;  // "image" or "label"
  std::string other;      // the file that holds the other of the two; may be empty
};

inline std::string hex(std::uint32_t value, int digits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%0*X", digits, static_cast<unsigned>(value));
  return text.data();
}

class IdxReader {
 public:
  // `expected` is nullptr for any array.
  IdxReader(ByteSource& source, const IdxExpected* expected) : source_(source), expected_(expected) { read_header(); }

  IdxType type() const { return type_; }
  /// The sizes, slowest index first.
  const std::vector<Index>& shape() const { return shape_; }
  std::uint64_t header_bytes() const { return 4 + 4 * shape_.size(); }

  // The values. Takes no more memory than there are bytes (and 1 MiB), whatever the header says; twice as much, most of
  // it not touched, if it is not known beforehand how many there are.
  template <class T>
  std::vector<T> values() {
    const std::uint64_t count = (file_bytes_ - header_bytes()) / sizeof(T);
    std::vector<T> all = source_.size() ? read_all<T>(count) : read_in_pieces<T>(count);
    std::uint8_t more = 0;
    if (source_.read({&more, 1}) != 0) fail_trailing("more");
    if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little)
      for (T& value : all) {
        auto* bytes = reinterpret_cast<std::uint8_t*>(&value);
        std::reverse(bytes, bytes + sizeof(T));
      }
    return all;
  }

  [[noreturn]] void fail(std::uint64_t offset, std::string field, std::string what, std::string expected,
                         std::string actual, std::string hint = {}) const {
    if (hint.empty()) hint = source_.hint();
    throw Error({.path = source_.path(),
                 .offset = offset,
                 .field = std::move(field),
                 .what = std::move(what),
                 .expected = std::move(expected),
                 .actual = std::move(actual),
                 .hint = std::move(hint)});
  }

 private:
  static bool is_type(std::uint8_t byte) { return byte >= 0x08 && byte <= 0x0E && byte != 0x0A; }

  static std::uint32_t big_endian(const std::uint8_t* b) {
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
  }

  void read_header() {
    read_magic();
    std::array<std::uint8_t, 4 * 255> sizes{};
    const std::size_t size_bytes = 4 * shape_.size();
    if (const std::size_t n = source_.read({sizes.data(), size_bytes}); n < size_bytes)
      fail(4 + n, "sizes", "the header ends early", std::to_string(4 + size_bytes) + " bytes of header",
           std::to_string(4 + n) + " bytes in all");
    for (std::size_t d = 0; d < shape_.size(); ++d) shape_[d] = static_cast<Index>(big_endian(sizes.data() + 4 * d));
    if (expected_)
      for (std::size_t d = 0; d < shape_.size(); ++d)
        if (shape_[d] == 0)
          fail(4 + 4 * d, size_name(d),
               d == 0                 ? "no examples"
               : expected_->rank == 1 ? "labels without numbers"
                                      : "images without pixels",
               "at least 1", "0");
    check_size();
  }

  void read_magic() {
    std::array<std::uint8_t, 262> start{};  // enough to recognise other formats
    const std::size_t n = source_.read({start.data(), 4});
    if (n < 4) fail(0, "magic number", "too short for an IDX file", "4 bytes", std::to_string(n) + " bytes");
    const std::uint32_t magic = big_endian(start.data());
    const std::string wanted = expected_ ? hex(0x0800u + expected_->rank, 8) : "0x00000TRR (type, rank)";
    if (start[3] == 0 && start[2] == 0 && start[1] != 0 && is_type(start[1]))
      fail(0, "magic number", "byte-swapped magic number", wanted, hex(magic, 8));
    if (start[0] != 0 || start[1] != 0) {
      const std::size_t more = source_.read({start.data() + 4, start.size() - 4});
      const std::string_view name = content_name({start.data(), 4 + more});
      fail(0, "magic number", "not an IDX file", wanted, name.empty() ? hex(magic, 8) : std::string(name));
    }
    check_kind(start[2], start[3]);
    type_ = static_cast<IdxType>(start[2]);
    shape_.resize(start[3]);
  }

  void check_kind(std::uint8_t type, std::uint8_t rank) const {
    if (!expected_) {
      if (!is_type(type)) fail(2, "type", "unknown type", "0x08, 0x09, 0x0B, 0x0C, 0x0D or 0x0E", hex(type, 2));
      if (rank == 0) fail(3, "rank", "an array without sizes", "1 to 255", "0");
      return;
    }
    const bool images = expected_->rank == 3;
    if (type == 0x08 && rank == (images ? 1 : 3)) {
      const std::string holds = images ? "labels" : "images";
      fail(0, "magic number", "holds " + holds + " where " + (images ? "images" : "labels") + " are expected",
           hex(0x0800u + expected_->rank, 8), hex(0x0800u + rank, 8),
           expected_->other.empty() ? "Are images and labels swapped?"
                                    : "Is it swapped with " + printable(expected_->other) + "?");
    }
    if (type == 0x0C && rank == 2 && !images) return;  // QMNIST's labels, with what else is known of an image
    if (type != 0x08) fail(2, "type", "type " + hex(type, 2) + " not supported", "0x08 (ubyte)", hex(type, 2));
    if (rank != expected_->rank) fail(3, "rank", "wrong rank", std::to_string(expected_->rank), std::to_string(rank));
  }

  // Sets file_bytes_, and holds it against the size of the file before any memory is asked for.
  void check_size() {
    constexpr std::uint64_t limit = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) - 4096;
    std::uint64_t nonzero = value_bytes();  // the product without the zeros: an overflow before a zero counts too
    bool empty = false;
    for (std::size_t d = 0; d < shape_.size(); ++d) {
      const auto size = static_cast<std::uint64_t>(shape_[d]);
      if (size == 0) {
        empty = true;
      } else if (nonzero > limit / size) {
        fail(4 + 4 * d, size_name(d), "the sizes make more bytes than a file can have",
             "at most " + std::to_string(limit) + " bytes", shape_text());
      } else {
        nonzero *= size;
      }
    }
    file_bytes_ = header_bytes() + (empty ? 0 : nonzero);
    item_bytes_ = shape_[0] == 0 ? 1 : std::max<std::uint64_t>(1, nonzero / static_cast<std::uint64_t>(shape_[0]));
    if (const auto size = source_.size()) {
      if (*size < file_bytes_) fail_truncated(*size);
      if (*size > file_bytes_) fail_trailing(std::to_string(*size));
    }
  }

  template <class T>
  static std::span<std::uint8_t> bytes_of(std::vector<T>& values) {
    return {reinterpret_cast<std::uint8_t*>(values.data()), values.size() * sizeof(T)};
  }

  // The bytes are there: check_size compared.
  template <class T>
  std::vector<T> read_all(std::uint64_t count) {
    std::vector<T> all(static_cast<std::size_t>(count));
    if (const std::size_t n = source_.read(bytes_of(all)); n < count * sizeof(T)) fail_truncated(header_bytes() + n);
    return all;
  }

  // It is not known how many bytes there are. The pieces are put together when all have come, and let go one by one:
  // they are large enough to go back to the system.
  template <class T>
  std::vector<T> read_in_pieces(std::uint64_t count) {
    constexpr std::uint64_t piece_size = (std::uint64_t{1} << 18) / sizeof(T);
    std::vector<std::vector<T>> pieces;
    for (std::uint64_t done = 0; done < count;) {
      std::vector<T> piece(static_cast<std::size_t>(std::min(count - done, piece_size)));
      const std::size_t n = source_.read(bytes_of(piece));
      if (n < piece.size() * sizeof(T)) fail_truncated(header_bytes() + done * sizeof(T) + n);
      done += piece.size();
      pieces.push_back(std::move(piece));
    }
    std::vector<T> all;
    all.reserve(static_cast<std::size_t>(count));
    for (std::vector<T>& piece : pieces) {
      all.insert(all.end(), piece.begin(), piece.end());
      std::vector<T>().swap(piece);
    }
    return all;
  }

  [[noreturn]] void fail_truncated(std::uint64_t size) const {
    fail(size, item_name() + " " + std::to_string((size - header_bytes()) / item_bytes_), "the values end early",
         std::to_string(file_bytes_) + " bytes for " + shape_text(), std::to_string(size) + " bytes");
  }

  [[noreturn]] void fail_trailing(const std::string& found) const {
    fail(file_bytes_, "end", "bytes after the last " + item_name(),
         std::to_string(file_bytes_) + " bytes for " + shape_text(), found);
  }

  std::string item_name() const { return expected_ ? std::string(expected_->item) : "item"; }

  std::string size_name(std::size_t d) const {
    if (!expected_) return "size " + std::to_string(d);
    if (d == 0) return "number of items";
    if (expected_->rank == 1) return "numbers a label";
    return d == 1 ? "height" : "width";
  }

  std::string shape_text() const {
    std::string text = std::to_string(shape_[0]);
    for (std::size_t d = 1; d < std::min<std::size_t>(shape_.size(), 8); ++d) text += " x " + std::to_string(shape_[d]);
    return text + (shape_.size() > 8 ? " x ..." : "");
  }

  std::uint64_t value_bytes() const {
    switch (type_) {
      case IdxType::uint8:
      case IdxType::int8:
        return 1;
      case IdxType::int16:
        return 2;
      case IdxType::int32:
      case IdxType::float32:
        return 4;
      case IdxType::float64:
        break;
    }
    return 8;
  }

  ByteSource& source_;
  const IdxExpected* expected_;
  IdxType type_{};
  std::vector<Index> shape_;
  std::uint64_t file_bytes_ = 0;  // that the header asks for, itself included
  std::uint64_t item_bytes_ = 1;
};

// `labels` is the file that belongs to these images, for the error message; it may be empty.
inline Images read_idx_images(ByteSource& source, const std::string& labels) {
  const IdxExpected expected{3, "image", labels};
  IdxReader reader(source, &expected);
  auto pixels = reader.values<std::uint8_t>();
  return {std::move(pixels), reader.shape()[0], reader.shape()[1], reader.shape()[2]};
}

inline std::vector<std::uint8_t> read_idx_labels(ByteSource& source, int classes, const std::string& images) {
  const IdxExpected expected{1, "label", images};
  IdxReader reader(source, &expected);
  const auto check = [&](std::size_t i, std::size_t bytes, std::int64_t label) {
    if (label < 0 || label >= classes)
      reader.fail(reader.header_bytes() + i * bytes, "label " + std::to_string(i), "no such class",
                  "0 to " + std::to_string(classes - 1), std::to_string(label));
  };
  if (reader.type() == IdxType::uint8) {
    auto labels = reader.values<std::uint8_t>();
    for (std::size_t i = 0; i < labels.size(); ++i) check(i, 1, labels[i]);
    return labels;
  }
  // A row an image, the class first.
  const auto rows = reader.values<std::int32_t>();
  const auto width = static_cast<std::size_t>(reader.shape()[1]);
  std::vector<std::uint8_t> labels(rows.size() / width);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    check(i, 4 * width, rows[i * width]);
    labels[i] = static_cast<std::uint8_t>(rows[i * width]);
  }
  return labels;
}

}  // namespace detail

/// Reads any IDX array. Throws Error (data) if `source` is anything else, cut short or followed by something.
inline IdxArray read_idx(ByteSource& source) {
  detail::IdxReader reader(source, nullptr);
  auto array = [&](auto values) { return IdxArray(reader.shape(), std::move(values)); };
  switch (reader.type()) {
    case IdxType::uint8:
      return array(reader.values<std::uint8_t>());
    case IdxType::int8:
      return array(reader.values<std::int8_t>());
    case IdxType::int16:
      return array(reader.values<std::int16_t>());
    case IdxType::int32:
      return array(reader.values<std::int32_t>());
    case IdxType::float32:
      return array(reader.values<float>());
    case IdxType::float64:
      break;
  }
  return array(reader.values<double>());
}

/// Reads pictures: bytes, rank 3, at least one, with pixels. Throws Error (data).
inline Images read_idx_images(ByteSource& source) { return detail::read_idx_images(source, {}); }

/// Reads labels: bytes, rank 1, or, as QMNIST's, 32-bit numbers, rank 2, of whose rows the first number is the label;
/// at least one, each in 0 ... classes - 1 (at most 256 classes). Throws Error (data).
inline std::vector<std::uint8_t> read_idx_labels(ByteSource& source, int classes = 10) {
  return detail::read_idx_labels(source, classes, {});
}

/// As read_idx, from the bytes of a file in memory; `path` is for error messages.
inline IdxArray parse_idx(std::span<const std::uint8_t> bytes, const std::string& path) {
  MemorySource source(bytes, path);
  return read_idx(source);
}

}  // namespace tinynet
