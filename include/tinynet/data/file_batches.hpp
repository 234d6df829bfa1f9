// Mini-batches of a table that stays in its file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
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
#include <utility>
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
/// order for the same options, and training with them gives the same bits. Only the batches that somebody has are in
/// memory: each stays as it is as long as its x, or a loss of it. The file and the labels must outlive all of them.
/// `const auto [x, y] = batches.next();`
template <class Number, class Label>
class FileBatches {
 public:
  /// `labels`: one a row, as for Batches. A file of less than 4 GiB of bytes is read once at the start, since how a
  /// step is computed depends on how many of them are 0. Throws Error: usage if the numbers of rows and labels differ
  /// or the batch size is not positive, data or io if the file cannot be read.
  FileBatches(const RowFile<Number>& file, detail::LabelTable<Label> labels, Index size, BatchOptions options = {})
      : file_(file), labels_(std::move(labels)), order_(file.rows(), labels_.size(), size, options) {
    if constexpr (std::is_same_v<Number, std::uint8_t>) sparse_ = detail::sparse_in_memory(file);
  }
  // Temporaries would be gone when the batches are made.
  FileBatches(const RowFile<Number>&&, detail::LabelTable<Label>, Index, BatchOptions = {}) = delete;  // give it a name

  /// Some rows, and the label of each.
  struct Batch {
    RowSelection x;            ///< the rows
    std::span<const Label> y;  ///< their labels
  };

  /// The next batch; its y is valid as long as its x. Throws Error: data if the file has become shorter, io if it
  /// cannot be read.
  Batch next() {
    const std::span<const Index> which = order_.next();
    const std::shared_ptr<Block>& block = blocks_.next();
    block->numbers.resize(which.size() * static_cast<std::size_t>(file_.cols()));
    file_.read(which, block->numbers);
    block->labels.clear();
    for (const Index row : which) block->labels.push_back(labels_[row]);
    return {RowSelection(rows(block)), block->labels};
  }

  /// Passes over so many batches, without reading them.
  void skip(Index batches) { order_.skip(batches); }

  /// How many batches an epoch has.
  Index per_epoch() const { return order_.per_epoch(); }

 private:
  struct Block {
    std::vector<Number> numbers;
    std::vector<Label> labels;
    std::vector<Index> all;  // 0, 1, 2, ...
    std::optional<detail::SparseCache> lists;
  };

  // The rows that have just been read as Batches gives them: a selection, of a table with lists if that in memory had
  // them, however dense these few are.
  Rows rows(const std::shared_ptr<Block>& block) const {
    const auto count = static_cast<Index>(block->labels.size());
    const Rows table(block->numbers.data(), {count, file_.cols()}, file_.cols());
    block->all.resize(block->labels.size());
    std::iota(block->all.begin(), block->all.end(), Index{0});
    return (sparse_ ? table.with(block->lists.emplace(true)) : table).owned_by(block).select(block->all, block);
  }

  const RowFile<Number>& file_;
  detail::LabelTable<Label> labels_;
  detail::RowOrder order_;
  bool sparse_ = false;
  detail::Recycled<Block> blocks_;
};
template <class Number, class L>
FileBatches(const RowFile<Number>&, const L&, Index, BatchOptions = {}) -> FileBatches<Number, detail::label_of<L>>;

}  // namespace tinynet
