// A table of numbers that stays in its file: rows are read when they are asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/io/random_access.hpp>
#include <utility>

namespace tinynet {

/// A table in a file, a row an example, its numbers as they are in memory. `ImageFile` and `SafetensorsRows` are such
/// tables. Copies share the open file, and several threads may read from it.
template <class Number>
class RowFile {
 public:
  /// How many rows there are.
  Index size() const { return rows_; }
  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  /// The file.
  const std::string& path() const& { return file_->path(); }
  std::string path() const&& { return file_->path(); }

  /// Copies rows [begin, begin + count) to `to`, which has room for count * cols() numbers. Throws Error: usage if
  /// there are no such rows or `to` has another size, data if the file has become shorter, io if it cannot be read.
  void read(Index begin, Index count, std::span<Number> to) const {
    detail::check_middle_rows(begin, count, rows_);
    check_room(count, to);
    read_run(begin, count, to.data());
  }

  /// Copies the rows with these numbers, in this order. Throws as above.
  void read(std::span<const Index> which, std::span<Number> to) const {
    const auto count = static_cast<Index>(which.size());
    check_room(count, to);
    for (const Index row : which)
      if (row < 0 || row >= rows_)
        fail_usage("row " + std::to_string(row) + " of " + std::to_string(rows_) + " was asked for");
    for_each_run(which, [&](std::size_t i, Index n) { file_->announce(place(which[i]), bytes_of(n)); });
    for_each_run(which,
                 [&](std::size_t i, Index n) { read_run(which[i], n, to.data() + static_cast<Index>(i) * cols_); });
  }

 protected:
  /// The rows begin at byte `begin`, one after another to byte begin + rows * cols * sizeof(Number), which is in the
  /// file; `item` is what a row is called in messages.
  RowFile(std::shared_ptr<const RandomAccessFile> file, std::uint64_t begin, Index rows, Index cols, std::string item)
      : file_(std::move(file)), begin_(begin), rows_(rows), cols_(cols), item_(std::move(item)) {}

 private:
  // Calls f(i, n) for neighbours in the file, n of them from the i-th row of the list on.
  template <class F>
  static void for_each_run(std::span<const Index> which, const F& f) {
    for (std::size_t i = 0, end = 0; i < which.size(); i = end) {
      for (end = i + 1; end < which.size() && which[end] == which[end - 1] + 1;) ++end;
      f(i, static_cast<Index>(end - i));
    }
  }

  // In the file, and in memory.
  std::uint64_t place(Index row) const { return begin_ + bytes_of(row); }
  std::size_t bytes_of(Index count) const { return static_cast<std::size_t>(count * cols_) * sizeof(Number); }

  void read_run(Index row, Index count, Number* to) const {
    const std::uint64_t begin = place(row);
    const std::size_t size = bytes_of(count);
    const std::size_t n = file_->read_at(begin, {reinterpret_cast<std::uint8_t*>(to), size});
    if (n < size)
      throw Error({.path = path(),
                   .offset = begin + n,
                   .field = item_ + " " + std::to_string(static_cast<std::size_t>(row) + n / bytes_of(1)),
                   .what = "the file became shorter since it was opened",
                   .expected = std::to_string(*file_->size()) + " bytes",
                   .actual = std::to_string(begin + n)});
  }

  void check_room(Index count, std::span<Number> to) const {
    if (static_cast<Index>(to.size()) != count * cols_)
      fail_usage("room for " + std::to_string(count * cols_) + " numbers was expected, found " +
                 std::to_string(to.size()));
  }

  [[noreturn]] void fail_usage(const std::string& why) const {
    throw Error({.code = ErrorCode::usage, .path = path(), .what = why});
  }

  std::shared_ptr<const RandomAccessFile> file_;
  std::uint64_t begin_;
  Index rows_, cols_;
  std::string item_;
};

}  // namespace tinynet
