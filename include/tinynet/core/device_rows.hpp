// The input of a net on a device: rows.hpp for numbers that are there.
#pragma once

#include <memory>
#include <tinynet/core/device.hpp>
#include <tinynet/core/device_ranks.hpp>
#include <tinynet/core/rows.hpp>
#include <utility>

namespace tinynet::detail {

/// A read-only view of rows of uint8, float or double on a device, all of them or a selection. The numbers and the
/// selection must stay as they are until the last use, `backward()` included; it owns them only where it is told how.
template <class Device>
class DeviceRows {
 public:
  using Place = Device;

  /// A view of `shape.rows` rows that are `row_stride` numbers apart.
  template <class Number>
  DeviceRows(const On<Number, Device>* data, Shape shape, Index row_stride)
      : data_(data), shape_(shape), row_stride_(row_stride), type_(type_of<Number>()) {}

  /// The rows with these numbers, in this order; they are taken to exist. The list stays as long as its owner does,
  /// which these rows keep. Throws Error (usage) for a selection of one.
  DeviceRows select(const On<Index, Device>* rows, Index count, std::shared_ptr<const void> owner = nullptr) const {
    if (selection_ != nullptr) throw Error(ErrorCode::usage, "Rows: a selection of a selection of rows");
    check_whole(share_);
    DeviceRows selected = *this;
    selected.selection_ = rows;
    selected.selection_owner_ = std::move(owner);
    selected.shape_.rows = count;
    return selected;
  }
  /// `count` of the rows, from row `begin` on. Throws Error (usage) if there are not so many.
  DeviceRows middle_rows(Index begin, Index count) const {
    check_middle_rows(begin, count, rows());
    check_whole(share_);
    DeviceRows part = *this;
    part.shape_.rows = count;
    if (selection_ == nullptr)
      part.data_ = static_cast<const std::byte*>(data_) + begin * row_stride_ * size_of(type_);
    else
      part.selection_ = selection_ + begin;
    return part;
  }
  /// The same rows, of numbers that stay as long as their owner does, which these rows keep.
  DeviceRows owned_by(std::shared_ptr<const void> owner) const {
    DeviceRows owned = *this;
    owned.table_owner_ = std::move(owner);
    return owned;
  }
  /// The same rows, every number multiplied by `factor` when it is read.
  DeviceRows scaled(double factor) const {
    DeviceRows product = *this;
    product.scale_ *= factor;
    return product;
  }

  /// The same rows, which are one process's share of a table (or, by an empty share, all of it). Throws Error (usage)
  /// if there are more or fewer, or the processes cannot add up on the device.
  DeviceRows as_share(const RowShare& share) const {
    check_share(share, rows());
    DeviceRows own = *this;
    own.share_ = share;
    own.ranks_ = ranks_on(Device{}, share);
    return own;
  }
  /// Whose rows these are; the processes that have the others, or null; and how many rows all of them have.
  const RowShare& share() const { return share_; }
  const DeviceRanks<Device>* ranks() const { return ranks_; }
  Index all_rows() const { return ranks_ == nullptr ? rows() : share_.all_rows; }

  Index rows() const { return shape_.rows; }
  Index cols() const { return shape_.cols; }
  Shape shape() const { return shape_; }
  Index row_stride() const { return row_stride_; }
  double scale() const { return scale_; }
  const On<Index, Device>* selection() const { return selection_; }

  /// Calls f with the pointer to the table's numbers in their own type.
  template <class F>
  void visit(const F& f) const {
    switch (type_) {
      case RowType::uint8:
        return f(static_cast<const On<std::uint8_t, Device>*>(data_));
      case RowType::float32:
        return f(static_cast<const On<float, Device>*>(data_));
      default:
        return f(static_cast<const On<double, Device>*>(data_));
    }
  }

 private:
  const void* data_;
  const On<Index, Device>* selection_ = nullptr;
  std::shared_ptr<const void> table_owner_{}, selection_owner_{};
  RowShare share_{};
  const DeviceRanks<Device>* ranks_ = nullptr;
  double scale_ = 1;
  Shape shape_;
  Index row_stride_;
  RowType type_;
};

template <class Scalar>
struct RowsOf {
  using type = Rows;
};
template <class Number, class Device>
struct RowsOf<On<Number, Device>> {
  using type = DeviceRows<Device>;
};
/// The rows that a net of such numbers takes.
template <class Scalar>
using rows_of = typename RowsOf<Scalar>::type;

}  // namespace tinynet::detail
