// Chunks of a table that stays in its file, for full batches.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/label_table.hpp>
#include <tinynet/data/recycled.hpp>
#include <tinynet/io/row_file.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// Gives out the rows of a file in order, so many at a time, to add up the gradient of a full batch: with the mean loss
/// of each chunk times its `share`, it is the gradient of the mean over all rows. Only the chunks that somebody has
/// are in memory: each stays as it is as long as its x, or a loss of it. The file and the labels must outlive all of
/// them.
/// `const auto [x, y, share] = chunks.next();`
template <class Number, class Label>
class FileChunks {
 public:
  /// `labels`: one a row. Throws Error (usage) if the numbers of rows and labels differ or the size is not positive.
  FileChunks(const RowFile<Number>& file, detail::LabelTable<Label> labels, Index size)
      : file_(file), labels_(std::move(labels)), size_(std::min(size, file.rows())) {
    if (file.rows() != labels_.size() || size <= 0 || file.rows() == 0)
      throw Error(ErrorCode::usage, "FileChunks: expected a positive size and one label a row, found " +
                                        std::to_string(size) + ", " + std::to_string(file.rows()) + " rows and " +
                                        std::to_string(labels_.size()) + " labels");
  }
  // A temporary would be gone when the chunks are read.
  FileChunks(const RowFile<Number>&&, detail::LabelTable<Label>, Index) = delete;  // tinynet: give the file a name

  /// Some rows, the label of each, and how large a part of all rows they are.
  struct Chunk {
    RowSelection x;            ///< the rows
    std::span<const Label> y;  ///< their labels
    float share;               ///< above 0, at most 1
  };

  /// The next chunk. After the last comes the first again. Throws Error: data if the file has become shorter, io if it
  /// cannot be read.
  Chunk next() {
    const Index count = std::min(size_, file_.rows() - next_);
    const std::shared_ptr<std::vector<Number>>& numbers = blocks_.next();
    numbers->resize(static_cast<std::size_t>(count * file_.cols()));
    file_.read(next_, count, *numbers);
    const auto y = labels_.part(next_, count);
    next_ = (next_ + count) % file_.rows();
    // Without a place for lists: to make them takes longer than a step does without.
    return {RowSelection(Rows(numbers->data(), {count, file_.cols()}, file_.cols()).owned_by(numbers)), y,
            static_cast<float>(count) / static_cast<float>(file_.rows())};
  }

  /// How many chunks make all rows.
  Index per_epoch() const { return (file_.rows() + size_ - 1) / size_; }

 private:
  const RowFile<Number>& file_;
  detail::LabelTable<Label> labels_;
  Index size_, next_ = 0;
  detail::Recycled<std::vector<Number>> blocks_;
};
template <class Number, class L>
FileChunks(const RowFile<Number>&, const L&, Index) -> FileChunks<Number, detail::label_of<L>>;

}  // namespace tinynet
