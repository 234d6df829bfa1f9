// Mini-batches: some rows at a time, in a new random order every epoch.
#pragma once

#include <algorithm>
#include <numeric>
#include <span>
#include <tinynet/core/random.hpp>
#include <tinynet/data/dataset.hpp>
#include <vector>

namespace tinynet {

/// How batches are drawn.
struct BatchOptions {
  bool shuffle = true;  ///< a new order every epoch, else the order of the data
  Seed seed{};
};

/// Gives out the rows of a data set a batch at a time; the last batch of an epoch may be smaller. The data must outlive
/// it. `const auto [x, y] = batches.next();`
template <class X, class Label>
class Batches {
 public:
  /// `x`: a matrix with a row an example, or images; `labels`: one a row. Throws Error (usage) if their numbers differ
  /// or the batch size is not positive.
  Batches(const X& x, std::span<const Label> labels, Index size, BatchOptions options = {})
      : x_(x), labels_(labels), size_(size), shuffle_(options.shuffle), generator_(options.seed) {
    const Index rows = rows_of(x).rows();
    if (rows != static_cast<Index>(labels.size()))
      throw Error(ErrorCode::usage, "Batches: expected one label a row, found " + std::to_string(rows) + " rows and " +
                                        std::to_string(labels.size()) + " labels");
    if (size <= 0 || rows == 0)
      throw Error(ErrorCode::usage, "Batches: expected a positive batch size and at least one row, found " +
                                        std::to_string(size) + " and " + std::to_string(rows));
    order_.resize(static_cast<std::size_t>(rows));
    std::iota(order_.begin(), order_.end(), Index{0});
    next_ = order_.size();
  }

  struct Batch {
    RowSelection x;
    std::span<const Label> y;
  };

  /// The next batch; it is valid until the next call.
  Batch next() {
    if (next_ == order_.size()) {
      next_ = 0;
      if (shuffle_) shuffle(order_, generator_);
    }
    const std::size_t count = std::min(static_cast<std::size_t>(size_), order_.size() - next_);
    const std::span<const Index> rows(order_.data() + next_, count);
    next_ += count;
    batch_labels_.resize(count);
    for (std::size_t i = 0; i < count; ++i) batch_labels_[i] = labels_[static_cast<std::size_t>(rows[i])];
    return {RowSelection(rows_of(x_).select(rows)), batch_labels_};
  }

  /// How many batches an epoch has.
  Index per_epoch() const { return (static_cast<Index>(order_.size()) + size_ - 1) / size_; }

 private:
  static Rows rows_of(const X& x) {
    if constexpr (requires { x.as_rows(); })
      return x.as_rows();
    else
      return Rows(x);
  }

  const X& x_;
  std::span<const Label> labels_;
  Index size_;
  bool shuffle_;
  Generator generator_;
  std::vector<Index> order_;
  std::vector<Label> batch_labels_;
  std::size_t next_ = 0;
};
template <class X, class L>
Batches(const X&, const L&, Index, BatchOptions = {}) -> Batches<X, typename L::value_type>;

/// The batches of a data set.
inline Batches<Images, std::uint8_t> batches(const Dataset& data, Index size, BatchOptions options = {}) {
  return {data.images, data.labels, size, options};
}

}  // namespace tinynet
