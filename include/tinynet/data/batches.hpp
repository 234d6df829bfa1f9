// Mini-batches: some rows at a time, in a new random order every epoch.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/core/random.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/label_table.hpp>
#include <tinynet/data/recycled.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynet {

/// How batches are drawn.
struct BatchOptions {
  bool shuffle = true;  ///< a new order every epoch, else the order of the data
  Seed seed{};          ///< of the orders
  /// The last batch of an epoch is left out if it has fewer rows than the others.
  bool drop_last = false;
};

namespace detail {

/// The rows of a data set in the order in which they are given out: a new one every epoch.
class RowOrder {
 public:
  /// Throws Error (usage) if the numbers of rows and labels differ, the batch size is not positive, or nothing is left
  /// without the last batch.
  RowOrder(Index rows, Index labels, Index size, const BatchOptions& options)
      : size_(size), shuffle_(options.shuffle), generator_(options.seed) {
    if (rows != labels)
      throw Error(ErrorCode::usage, "Batches: expected one label a row, found " + std::to_string(rows) + " rows and " +
                                        std::to_string(labels) + " labels");
    if (size <= 0 || rows == 0)
      throw Error(ErrorCode::usage, "Batches: expected a positive batch size and at least one row, found " +
                                        std::to_string(size) + " and " + std::to_string(rows));
    if (options.drop_last && rows < size)
      throw Error(ErrorCode::usage, "Batches: with drop_last, expected at least as many rows as a batch has, found " +
                                        std::to_string(rows) + " rows and batches of " + std::to_string(size));
    order_.resize(static_cast<std::size_t>(rows));
    std::iota(order_.begin(), order_.end(), Index{0});
    end_ = static_cast<std::size_t>(options.drop_last ? rows - rows % size : rows);
    next_ = end_;
  }

  /// The rows of the next batch.
  std::span<const Index> next() {
    if (next_ == end_) {
      next_ = 0;
      if (shuffle_) shuffle(order_, generator_);
    }
    const std::size_t begin = next_;
    next_ = std::min(next_ + static_cast<std::size_t>(size_), end_);
    return std::span<const Index>(order_).subspan(begin, next_ - begin);
  }

  /// Passes over so many batches. An epoch on the same place in the order is one shuffle away.
  void skip(Index batches) {
    if (shuffle_)
      for (Index epochs = batches / per_epoch(); epochs > 0; --epochs) shuffle(order_, generator_);
    for (Index rest = batches % per_epoch(); rest > 0; --rest) next();
  }

  /// All rows of the epoch, and where in them the last batch began.
  std::span<const Index> all() const { return order_; }
  Index begin(std::span<const Index> batch) const { return batch.data() - order_.data(); }
  Index per_epoch() const { return (static_cast<Index>(end_) + size_ - 1) / size_; }

 private:
  Index size_;
  bool shuffle_;
  Generator generator_;
  std::vector<Index> order_;
  std::size_t end_ = 0;  // of what an epoch gives out
  std::size_t next_ = 0;
};

/// What a batch consists of. Its rows keep it, wherever they are copied to: also a loss that is still to go backwards.
template <class Answers>
struct BatchBlock {
  std::vector<Index> rows;
  Answers answers;
};

/// What all batches on the CPU have: the rows of x, and the order in which they are given out.
template <class X, class Answers>
class RowBatches {
 public:
  /// Passes over so many batches, faster than by taking them.
  void skip(Index batches) { order_.skip(batches); }

  /// How many batches an epoch has.
  Index per_epoch() const { return order_.per_epoch(); }

 protected:
  RowBatches(const X& x, Index labels, Index size, const BatchOptions& options)
      : x_(x), order_(rows_of(x).rows(), labels, size, options) {}

  using Block = BatchBlock<Answers>;

  /// A block with the next rows, whose answers are still to be written.
  const std::shared_ptr<Block>& next_block() {
    const std::span<const Index> rows = order_.next();
    const std::shared_ptr<Block>& block = blocks_.next();
    block->rows.assign(rows.begin(), rows.end());
    return block;
  }
  RowSelection select(const std::shared_ptr<Block>& block) const {
    return RowSelection(rows_of(x_).select(block->rows, block));
  }

 private:
  static Rows rows_of(const X& x) {
    if constexpr (requires { x.as_rows(); })
      return x.as_rows();
    else
      return Rows(x);
  }

  const X& x_;
  RowOrder order_;
  Recycled<Block> blocks_;
};

/// A matrix of numbers to be met, not of classes.
template <class T>
concept Targets = EigenOperand<T> && !std::numeric_limits<typename T::Scalar>::is_integer;

}  // namespace detail

/// Gives out the rows of a data set a batch at a time; the last batch of an epoch may be smaller, or is left out
/// (BatchOptions::drop_last). The data must outlive it. `const auto [x, y] = batches.next();`
/// A batch stays as it is as long as its x, or a loss of it: losses of several batches can be added up.
template <class X, class Label>
class Batches : public detail::RowBatches<X, std::vector<Label>> {
 public:
  /// `x`: a matrix with a row an example, or images; `labels`: one a row, which must outlive it, too (those in an Eigen
  /// vector, column or expression are copied). Throws Error (usage) if their numbers differ or the batch size is not
  /// positive.
  Batches(const X& x, detail::LabelTable<Label> labels, Index size, BatchOptions options = {})
      : detail::RowBatches<X, std::vector<Label>>(x, labels.size(), size, options), labels_(std::move(labels)) {}
  // Temporaries would be gone when the batches are made.
  Batches(const X&&, detail::LabelTable<Label>, Index, BatchOptions = {}) = delete;  // tinynet: give x a name

  /// Some rows, and the label of each.
  struct Batch {
    RowSelection x;            ///< the rows
    std::span<const Label> y;  ///< their labels
  };

  /// The next batch; its y is valid as long as its x.
  Batch next() {
    const auto& block = this->next_block();
    block->answers.clear();
    for (const Index row : block->rows) block->answers.push_back(labels_[row]);
    return {this->select(block), block->answers};
  }

 private:
  detail::LabelTable<Label> labels_;
};
template <class X, class L>
Batches(const X&, const L&, Index, BatchOptions = {}) -> Batches<X, detail::label_of<L>>;

/// The same with numbers for targets, a row an example, as mse_loss and bce_with_logits take them.
template <class X, detail::Targets T>
class Batches<X, T>
    : public detail::RowBatches<X, Matrix<typename T::Scalar, dynamic, static_cast<Index>(T::ColsAtCompileTime)>> {
 public:
  using Numbers = Matrix<typename T::Scalar, dynamic, T::ColsAtCompileTime>;  ///< what a batch has of them

  /// `x`: a matrix with a row an example, or images; `targets`: a matrix with as many rows. Throws Error (usage) if
  /// their numbers differ or the batch size is not positive.
  Batches(const X& x, const T& targets, Index size, BatchOptions options = {})
      : detail::RowBatches<X, Numbers>(x, targets.rows(), size, options), targets_(targets) {}
  Batches(const X&&, const T&, Index, BatchOptions = {}) = delete;
  Batches(const X&, const T&&, Index, BatchOptions = {}) = delete;
  Batches(const X&&, const T&&, Index, BatchOptions = {}) = delete;

  /// Some rows, and what belongs to each.
  struct Batch {
    RowSelection x;    ///< the rows
    const Numbers& y;  ///< their targets
  };

  /// The next batch; its y is valid as long as its x.
  Batch next() {
    const auto& block = this->next_block();
    block->answers.resize(static_cast<Index>(block->rows.size()), targets_.cols());
    Index i = 0;
    for (const Index row : block->rows) block->answers.row(i++) = targets_.row(row);
    return {this->select(block), block->answers};
  }

 private:
  const T& targets_;
};
template <class X, detail::Targets T>
Batches(const X&, const T&, Index, BatchOptions = {}) -> Batches<X, T>;

/// The same for data on a device, in the same order. Only once an epoch is something sent there.
template <class X, class Device>
class DeviceBatches {
 public:
  /// As Batches. Throws Error (usage) if the numbers of rows and labels differ or the batch size is not positive.
  DeviceBatches(const X& x, const DeviceLabels<Device>& labels, Index size, BatchOptions options = {})
      : x_(x),
        labels_(labels.to(cpu)),
        order_(x.as_rows().rows(), labels.size(), size, options),
        rows_(std::make_shared<RowNumbers>(labels.size(), 1)),
        epoch_labels_(labels) {}
  DeviceBatches(const X&&, const DeviceLabels<Device>&, Index, BatchOptions = {}) = delete;  // tinynet: give x a name

  /// Some rows, and the label of each.
  struct Batch {
    DeviceRowSelection<Device> x;  ///< the rows
    DeviceLabels<Device> y;        ///< their labels
  };

  /// The next batch; it stays as Batches' do.
  Batch next() {
    const std::span<const Index> rows = order_.next();
    const Index begin = order_.begin(rows), count = static_cast<Index>(rows.size());
    if (begin == 0) send_epoch();
    return {DeviceRowSelection<Device>(x_.as_rows().select(rows_->data() + begin, count, rows_)),
            epoch_labels_.segment(begin, count)};
  }

  /// As Batches::skip.
  void skip(Index batches) {
    order_.skip(batches);
    if (batches > 0) send_epoch();
  }

  /// How many batches an epoch has.
  Index per_epoch() const { return order_.per_epoch(); }

 private:
  void send_epoch() {
    const auto all = order_.all();
    if (rows_.use_count() > 1) rows_ = std::make_shared<RowNumbers>(rows_->size(), 1);  // somebody has the last epoch's
    detail::copy_across(all.data(), rows_->size(), rows_->data());
    std::vector<std::int32_t> in_order;
    in_order.reserve(all.size());
    for (const Index row : all) in_order.push_back(labels_[static_cast<std::size_t>(row)]);
    epoch_labels_ = DeviceLabels<Device>(in_order);
  }

  using RowNumbers = detail::DeviceMatrix<detail::On<Index, Device>, dynamic, 1>;

  const X& x_;
  std::vector<std::int32_t> labels_;
  detail::RowOrder order_;
  std::shared_ptr<RowNumbers> rows_;  // of the epoch, in order
  DeviceLabels<Device> epoch_labels_;
};

/// The batches of a data set, which must outlive them.
inline Batches<Images, std::uint8_t> batches(const Dataset& data, Index size, BatchOptions options = {}) {
  return {data.images, data.labels, size, options};
}
template <class Device>
DeviceBatches<DeviceImages<Device>, Device> batches(const DeviceDataset<Device>& data, Index size,
                                                    BatchOptions options = {}) {
  return {data.images, data.labels, size, options};
}
// Temporaries would be gone when the batches are made.
void batches(const Dataset&&, Index, BatchOptions = {}) = delete;  // tinynet: batches of a temporary: give it a name
template <class Device>
void batches(const DeviceDataset<Device>&&, Index, BatchOptions = {}) = delete;  // tinynet: give it a name

}  // namespace tinynet
