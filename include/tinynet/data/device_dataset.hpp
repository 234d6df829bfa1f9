// Images and labels in the memory of a device.
#pragma once

#include <cstdint>
#include <memory>
#include <tinynet/autodiff/ops/labels.hpp>
#include <tinynet/core/device_rows.hpp>
#include <utility>

namespace tinynet {

/// Some of the rows of images on a device, or all of them scaled, as the input of a net. The numbers of a
/// matrix are the user's; images and batches stay as long as this does.
template <class Device>
class DeviceRowSelection {
 public:
  /// Of these rows.
  explicit DeviceRowSelection(const detail::DeviceRows<Device>& rows) : rows_(rows) {}
  /// As a net reads them.
  detail::DeviceRows<Device> as_rows() const { return rows_; }
  /// How many rows there are.
  Index size() const { return rows_.rows(); }
  /// `count` of them, from number `begin` on. Throws Error (usage) if there are not so many.
  DeviceRowSelection middle_rows(Index begin, Index count) const {
    return DeviceRowSelection(rows_.middle_rows(begin, count));
  }

  /// The same, multiplied by a number when it is read.
  friend DeviceRowSelection operator*(const DeviceRowSelection& x, double factor) {
    return DeviceRowSelection(x.rows_.scaled(factor));
  }
  friend DeviceRowSelection operator*(double factor, const DeviceRowSelection& x) { return x * factor; }
  /// The same, divided by a number.
  friend DeviceRowSelection operator/(const DeviceRowSelection& x, double divisor) { return x * (1 / divisor); }

 private:
  detail::DeviceRows<Device> rows_;
};

/// Images on a device: `images.to(cuda)`. The pixels never change, and copies share them.
template <class Device>
class DeviceImages {
 public:
  /// A copy of `count` pictures of bytes, one after another; they may be one process's share of more. Throws Error
  /// (usage) if the processes cannot add up on the device.
  DeviceImages(const std::uint8_t* pixels, Index count, Index height, Index width, const RowShare& share = {})
      : count_(count), height_(height), width_(width), share_(share) {
    detail::ranks_on(Device{}, share);
    Pixels copy(count, height * width);
    detail::copy_across(pixels, copy.size(), copy.data());
    pixels_ = std::make_shared<const Pixels>(std::move(copy));
  }

  /// How many pictures there are.
  Index size() const { return count_; }
  /// Of each picture, in pixels.
  Index height() const { return height_; }
  /// Of each picture, in pixels.
  Index width() const { return width_; }
  Index rows() const { return count_; }
  Index cols() const { return height_ * width_; }

  /// All pictures, their bytes multiplied by a number when they are read.
  DeviceRowSelection<Device> operator*(double factor) const {
    return DeviceRowSelection<Device>(as_rows().scaled(factor));
  }
  friend DeviceRowSelection<Device> operator*(double factor, const DeviceImages& x) { return x * factor; }
  /// The same, divided by a number.
  DeviceRowSelection<Device> operator/(double divisor) const { return *this * (1 / divisor); }
  /// As a net reads them.
  detail::DeviceRows<Device> as_rows() const {
    return detail::DeviceRows<Device>(pixels_->data(), {rows(), cols()}, cols()).owned_by(pixels_).as_share(share_);
  }

 private:
  using Pixels = detail::DeviceMatrix<detail::On<std::uint8_t, Device>>;

  std::shared_ptr<const Pixels> pixels_;
  Index count_, height_, width_;
  RowShare share_;
};

/// Images and the class of each on a device: `dataset.to(cuda)`.
template <class Device>
struct DeviceDataset {
  /// N pictures
  DeviceImages<Device> images;
  DeviceLabels<Device> labels;  ///< the class of each

  /// How many pictures there are.
  Index size() const { return images.size(); }
};

}  // namespace tinynet
