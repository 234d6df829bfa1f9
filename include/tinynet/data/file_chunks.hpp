// Chunks of a table that stays in its file, for full batches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/io/row_file.hpp>
#include <vector>

namespace tinynet {

/// Gives out the rows of a file in order, so many at a time, to add up the gradient of a full batch: with the mean loss
/// of each chunk times its `share`, it is the gradient of the mean over all rows. Only one chunk is in memory. The file
/// and the labels must outlive it. `const auto [x, y, share] = chunks.next();`
template <class Number, class Label>
class FileChunks {
 public:
  /// `labels`: one a row. Throws Error (usage) if the numbers of rows and labels differ or the size is not positive.
  FileChunks(const RowFile<Number>& file, std::span<const Label> labels, Index size)
      : file_(file), labels_(labels), size_(std::min(size, file.rows())) {
    if (file.rows() != static_cast<Index>(labels.size()) || size <= 0 || file.rows() == 0)
      throw Error(ErrorCode::usage, "FileChunks: expected a positive size and one label a row, found " +
                                        std::to_string(size) + ", " + std::to_string(file.rows()) + " rows and " +
                                        std::to_string(labels.size()) + " labels");
    numbers_.resize(static_cast<std::size_t>(size_ * file.cols()));
  }

  /// Some rows, the label of each, and how large a part of all rows they are.
  struct Chunk {
    RowSelection x;            ///< the rows
    std::span<const Label> y;  ///< their labels
    float share;               ///< above 0, at most 1
  };

  /// The next chunk; it is valid until the next call. After the last comes the first again. Throws Error: data if the
  /// file has become shorter, io if it cannot be read.
  Chunk next() {
    const Index count = std::min(size_, file_.rows() - next_);
    file_.read(next_, count, std::span(numbers_).first(static_cast<std::size_t>(count * file_.cols())));
    const auto y = labels_.subspan(static_cast<std::size_t>(next_), static_cast<std::size_t>(count));
    next_ = (next_ + count) % file_.rows();
    // Without a place for lists: to make them takes longer than a step does without.
    return {RowSelection(Rows(numbers_.data(), {count, file_.cols()}, file_.cols())), y,
            static_cast<float>(count) / static_cast<float>(file_.rows())};
  }

  /// How many chunks make all rows.
  Index per_epoch() const { return (file_.rows() + size_ - 1) / size_; }

 private:
  const RowFile<Number>& file_;
  std::span<const Label> labels_;
  Index size_, next_ = 0;
  std::vector<Number> numbers_;
};
template <class Number, class L>
FileChunks(const RowFile<Number>&, const L&, Index) -> FileChunks<Number, typename L::value_type>;

}  // namespace tinynet
