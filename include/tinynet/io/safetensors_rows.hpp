// One tensor of a safetensors file that stays on disk, for data sets larger than memory. Needs nlohmann-json.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/io/foreign_file.hpp>
#include <tinynet/io/random_access.hpp>
#include <tinynet/io/row_file.hpp>
#include <tinynet/io/safetensors.hpp>
#include <tinynet/io/safetensors_header.hpp>
#include <tinynet/io/stored_tensor.hpp>
#include <utility>

namespace tinynet {
namespace detail {

// Where a tensor lies in a file that is not read as a whole.
class TensorPlace {
 public:
  // Reads the header, as strictly as SafeTensors does, and holds this tensor's entry against the size of the file.
  // Nothing is said about the other tensors.
  TensorPlace(RandomAccessFile& file, const std::string& name, Dtype dtype) : path_(file.path()) {
    const std::uint64_t size = *file.size();
    const std::string text = read_text(file, size);
    const Header header = detail::read_header(text, path_);
    const auto found = std::find_if(header.tensors.begin(), header.tensors.end(),
                                    [&](const HeaderEntry& e) { return e.tensor.name == name; });
    if (found == header.tensors.end()) fail(8, "header", "no such tensor", printable(name), names(header));
    shape_ = found->tensor.shape;
    begin_ = 8 + text.size() + found->begin;
    check(*found, dtype, size - 8 - text.size());
  }

  // The first size, and the product of the others.
  Index rows() const { return shape_[0]; }
  Index cols() const {
    Index product = 1;
    for (std::size_t d = 1; d < shape_.size(); ++d) product *= shape_[d];
    return product;
  }
  std::uint64_t begin() const { return begin_; }

 private:
  static constexpr std::uint64_t most = 100'000'000;  // bytes of header, as in SafeTensors

  [[noreturn]] void fail(std::uint64_t offset, std::string field, std::string what, std::string expected,
                         std::string actual) const {
    throw Error({.path = path_,
                 .offset = offset,
                 .field = std::move(field),
                 .what = std::move(what),
                 .expected = std::move(expected),
                 .actual = std::move(actual)});
  }

  std::string read_text(const RandomAccessFile& file, std::uint64_t size) const {
    std::array<std::uint8_t, enough_to_recognise> start{};
    const std::span<const std::uint8_t> known(start.data(), file.read_at(0, start));
    std::array<std::uint8_t, 8> length{};
    std::copy_n(start.begin(), 8, length.begin());
    const std::uint64_t n = little_endian(length), limit = size < 8 ? 0 : std::min(most, size - 8);
    if (n < 2 || n > limit || (known.size() > 8 && known[8] != '{')) refuse_foreign(known, path_);
    if (size < 8 || known.size() < 8)
      fail(0, "header length", "too short for a safetensors file", "8 bytes", std::to_string(size) + " bytes");
    if (n < 2 || n > limit)
      fail(0, "header length", "wrong length of the header", "2 to " + std::to_string(limit), std::to_string(n));
    std::string text(static_cast<std::size_t>(n), '\0');
    const std::size_t there = file.read_at(8, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    if (there < text.size())
      fail(8 + there, "header", "the file became shorter while it was read", std::to_string(n) + " bytes",
           std::to_string(there));
    return text;
  }

  static std::string names(const Header& header) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(header.tensors.size(), 8); ++i)
      text += (i == 0 ? "" : ", ") + printable(header.tensors[i].tensor.name);
    return header.tensors.empty() ? "no tensors" : header.tensors.size() > 8 ? text + ", ..." : text;
  }

  void check(const HeaderEntry& e, Dtype dtype, std::uint64_t data_size) const {
    const std::string name = printable(e.tensor.name);
    if (e.tensor.dtype != dtype)
      fail(e.key_offset, name, "other numbers than asked for", std::string(dtype_name(dtype)),
           std::string(dtype_name(e.tensor.dtype)));
    if (shape_.empty()) fail(e.key_offset, name, "a tensor without rows", "at least one size", shape_text(shape_));
    if (e.begin > e.end || e.end > data_size)
      fail(e.key_offset, name, "not within the file", "begin <= end <= " + std::to_string(data_size),
           std::to_string(e.begin) + " to " + std::to_string(e.end));
    const auto count = checked_size(shape_, std::numeric_limits<std::int64_t>::max() / dtype_size(dtype));
    if (!count || *count == 0 || *count * dtype_size(dtype) != e.end - e.begin)
      fail(e.key_offset, name, count == 0u ? "a tensor without numbers" : "shape and bytes disagree",
           "the bytes of " + shape_text(shape_) + " " + std::string(dtype_name(dtype)) + ", at least one",
           std::to_string(e.end - e.begin) + " bytes");
  }

  std::string path_;
  std::vector<Index> shape_;
  std::uint64_t begin_ = 0;
};

}  // namespace detail

/// A tensor of a safetensors file, a row an example, whose rows are read when they are asked for:
/// `SafetensorsRows<float> table("features.safetensors", "train"); const auto some = table.matrix(1000, 64);`
/// A tensor of more than two sizes is taken as rows of the first. `Number` is its type in the file, for example float
/// (F32), double (F64) or std::uint8_t (U8). The checksum that tinynet writes is not looked at: it is of the whole
/// file.
template <class Number>
class SafetensorsRows : public RowFile<Number> {
 public:
  /// Opens the file and checks its header and this tensor's place. Throws Error: io if it cannot be read; data if it is
  /// no safetensors file, or has no such tensor, or one of another type, without rows or numbers, or whose bytes are
  /// not in the file.
  SafetensorsRows(const std::string& path, const std::string& name)
      : SafetensorsRows(std::make_shared<RandomAccessFile>(path), name) {}

  /// Rows [begin, begin + count). Throws Error: usage if there are no such rows, data if the file has become shorter,
  /// io if it cannot be read.
  Matrix<Number> matrix(Index begin, Index count) const {
    detail::check_middle_rows(begin, count, this->rows());
    Matrix<Number> rows(count, this->cols());
    this->read(begin, count, {rows.data(), static_cast<std::size_t>(rows.size())});
    return rows;
  }

  /// The rows with these numbers, in this order. Throws as above.
  Matrix<Number> matrix(std::span<const Index> which) const {
    Matrix<Number> rows(static_cast<Index>(which.size()), this->cols());
    this->read(which, {rows.data(), static_cast<std::size_t>(rows.size())});
    return rows;
  }

 private:
  SafetensorsRows(std::shared_ptr<RandomAccessFile> file, const std::string& name)
      : SafetensorsRows(file, detail::TensorPlace(*file, name, dtype_of<Number>()), name) {}
  SafetensorsRows(std::shared_ptr<RandomAccessFile> file, const detail::TensorPlace& place, const std::string& name)
      : RowFile<Number>(std::move(file), place.begin(), place.rows(), place.cols(), detail::printable(name) + " row") {}
};

}  // namespace tinynet
