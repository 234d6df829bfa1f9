// Mini-batches of a table that stays in its file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/core/sparse_rows.hpp>
#include <tinynet/data/batches.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/io/row_file.hpp>
#include <type_traits>
#include <vector>

namespace tinynet {
namespace detail {

/// Whether a step would work with lists of the nonzero bytes if the table were in memory. Reads the file, unless its
/// size says it.
inline bool sparse_in_memory(const RowFile<std::uint8_t>& file) {
  const Index cols = file.cols(), size = file.rows() * cols;
  if (cols > SparseRows::most_columns || size >= Index{1} << 32) return false;
  const Index most = std::max<Index>(1, (Index{1} << 20) / cols);
  std::vector<std::uint8_t> some(static_cast<std::size_t>(most * cols));
  Index nonzero = 0;
  for (Index begin = 0; begin < file.rows(); begin += most) {
    const Index count = std::min(most, file.rows() - begin);
    const auto part = std::span(some).first(static_cast<std::size_t>(count * cols));
    file.read(begin, count, part);
    nonzero += count * cols - std::count(part.begin(), part.end(), std::uint8_t{0});
  }
  return SparseRows::density(nonzero, size) < SparseRows::most_density;
}

}  // namespace detail

/// Gives out the rows of a file a batch at a time, as Batches does of a table in memory: the same rows in the same
/// order for the same options, and training with them gives the same bits. Only one batch is in memory. The file and
/// the labels must outlive it. `const auto [x, y] = batches.next();`
template <class Number, class Label>
class FileBatches {
 public:
  /// `labels`: one a row. A file of less than 4 GiB of bytes is read once at the start, since how a step is
  /// computed depends on how many of them are 0. Throws Error: usage if the numbers of rows and labels differ or the
  /// batch size is not positive, data or io if the file cannot be read.
  FileBatches(const RowFile<Number>& file, std::span<const Label> labels, Index size, BatchOptions options = {})
      : file_(file), labels_(labels), order_(file.rows(), static_cast<Index>(labels.size()), size, options) {
    const auto most = static_cast<std::size_t>(std::min(size, file.rows()));
    if constexpr (std::is_same_v<Number, std::uint8_t>) sparse_ = detail::sparse_in_memory(file);
    numbers_.resize(most * static_cast<std::size_t>(file.cols()));
    batch_labels_.resize(most);
    all_.resize(most);
    std::iota(all_.begin(), all_.end(), Index{0});
  }

  /// Some rows, and the label of each.
  struct Batch {
    RowSelection x;            ///< the rows
    std::span<const Label> y;  ///< their labels
  };

  /// The next batch; it is valid until the next call. Throws Error: data if the file has become shorter, io if it
  /// cannot be read.
  Batch next() {
    const std::span<const Index> which = order_.next();
    file_.read(which, std::span(numbers_).first(which.size() * static_cast<std::size_t>(file_.cols())));
    for (std::size_t i = 0; i < which.size(); ++i) batch_labels_[i] = labels_[static_cast<std::size_t>(which[i])];
    return {RowSelection(rows(static_cast<Index>(which.size()))),
            std::span<const Label>(batch_labels_).first(which.size())};
  }

  /// Passes over so many batches, without reading them.
  void skip(Index batches) { order_.skip(batches); }

  /// How many batches an epoch has.
  Index per_epoch() const { return order_.per_epoch(); }

 private:
  // The rows that have just been read as Batches gives them: a selection, of a table with lists if that in memory had
  // them, however dense these few are.
  Rows rows(Index count) {
    const Rows table(numbers_.data(), {count, file_.cols()}, file_.cols());
    return (sparse_ ? table.with(lists_.emplace(true)) : table)
        .select(std::span(all_).first(static_cast<std::size_t>(count)));
  }

  const RowFile<Number>& file_;
  std::span<const Label> labels_;
  detail::RowOrder order_;
  bool sparse_ = false;
  std::vector<Number> numbers_;
  std::vector<Label> batch_labels_;
  std::vector<Index> all_;  // 0, 1, 2, ...
  std::optional<detail::SparseCache> lists_;
};
template <class Number, class L>
FileBatches(const RowFile<Number>&, const L&, Index, BatchOptions = {}) -> FileBatches<Number, typename L::value_type>;

}  // namespace tinynet
