// Images and labels as they lie on disk: bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/data/device_dataset.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// Some of the rows of a matrix or of images, or all of them scaled, as the input of a net. The numbers of a matrix and
/// a list of rows are the user's; images and batches stay as long as this does.
class RowSelection {
 public:
  /// Of these rows.
  explicit RowSelection(const Rows& rows) : rows_(rows) {}
  /// As a net reads them.
  Rows as_rows() const { return rows_; }
  /// How many rows there are.
  Index size() const { return rows_.rows(); }
  /// `count` of them, from number `begin` on. Throws Error (usage) if there are not so many.
  RowSelection middle_rows(Index begin, Index count) const { return RowSelection(rows_.middle_rows(begin, count)); }

  /// The same, multiplied (or divided) by a number when it is read.
  friend RowSelection operator*(const RowSelection& x, double factor) { return RowSelection(x.rows_.scaled(factor)); }
  friend RowSelection operator*(double factor, const RowSelection& x) { return x * factor; }
  /// The same, divided by a number.
  friend RowSelection operator/(const RowSelection& x, double divisor) { return x * (1 / divisor); }

 private:
  Rows rows_;
};

/// A stack of grey pictures of one size, kept as bytes: N x (height * width), a row a picture.
/// The pixels never change once they are in, and copies share them.
class Images {
 public:
  Images() : Images(std::vector<std::uint8_t>{}, 0, 0, 0) {}

  /// `pixels` holds `count` pictures one after another, each row by row from the top left corner.
  /// Throws Error (data) if its length is not count * height * width.
  Images(std::vector<std::uint8_t> pixels, Index count, Index height, Index width)
      : storage_(std::make_shared<const Storage>(std::move(pixels))), count_(count), height_(height), width_(width) {
    if (static_cast<Index>(storage_->pixels.size()) != count * height * width)
      throw Error({.path = {},
                   .what = "Images: wrong number of pixels",
                   .expected = std::to_string(count * height * width),
                   .actual = std::to_string(storage_->pixels.size())});
  }

  /// How many pictures there are.
  Index size() const { return count_; }
  /// Of each picture, in pixels.
  Index height() const { return height_; }
  /// Of each picture, in pixels.
  Index width() const { return width_; }
  Index rows() const { return count_; }
  Index cols() const { return height_ * width_; }
  /// The pixels, picture after picture; they stay as long as one of these images, or of their copies.
  const std::uint8_t* data() const { return storage_->pixels.data(); }

  /// These pictures as the input of a net. A list that is a temporary is copied: `images(std::vector<Index>{5, 7})`;
  /// another must stay as it is until its last use, `backward()` included.
  RowSelection operator()(std::span<const Index> which) const { return RowSelection(as_rows().select(which)); }
  RowSelection operator()(std::vector<Index>&& which) const { return RowSelection(as_rows().select(std::move(which))); }
  template <detail::TemporaryList List>
  RowSelection operator()(List&& which) const {
    return RowSelection(as_rows().select(std::forward<List>(which)));
  }
  /// All pictures, their bytes multiplied (or divided) by a number when they are read: `images / 255`.
  RowSelection operator*(double factor) const { return RowSelection(as_rows().scaled(factor)); }
  friend RowSelection operator*(double factor, const Images& x) { return x * factor; }
  /// The same, divided by a number.
  RowSelection operator/(double divisor) const { return *this * (1 / divisor); }
  /// As a net reads them.
  Rows as_rows() const {
    return Rows(data(), {rows(), cols()}, cols()).with(storage_->lists).owned_by(storage_).as_share(share_);
  }

  /// One process's share of them, copied.
  Images share(const RowShare& share) const {
    const std::uint8_t* const begin = data() + share.first_row * cols();
    // All processes go the same way, whatever the density of their own rows.
    const Index bytes = rows() * cols(), zeros = std::count(data(), data() + bytes, std::uint8_t{0});
    const bool lists = detail::SparseRows::density(bytes - zeros, bytes) < detail::SparseRows::most_density;
    std::vector<std::uint8_t> pixels(begin, begin + share.rows() * cols());
    return {std::make_shared<const Storage>(std::move(pixels), lists), share, height_, width_};
  }

  /// The same in the memory of a device.
  template <class Device>
  DeviceImages<Device> to(Device) const {
    return {data(), count_, height_, width_, share_};
  }

  /// The pixels as an N x (height * width) matrix: a view, and a copy from a temporary.
  ConstMatrixView<std::uint8_t> matrix() const& { return {data(), rows(), cols()}; }
  Matrix<std::uint8_t> matrix() const&& { return matrix(); }

 private:
  struct Storage {
    explicit Storage(std::vector<std::uint8_t> numbers, std::optional<bool> worthwhile = std::nullopt)
        : pixels(std::move(numbers)), lists(worthwhile) {}
    std::vector<std::uint8_t> pixels;
    detail::SparseCache lists;
  };

  Images(std::shared_ptr<const Storage> storage, const RowShare& share, Index height, Index width)
      : storage_(std::move(storage)), count_(share.rows()), height_(height), width_(width), share_(share) {}

  std::shared_ptr<const Storage> storage_;
  Index count_, height_, width_;
  RowShare share_{};
};

/// Images and the class of each.
struct Dataset {
  /// N pictures
  Images images;
  std::vector<std::uint8_t> labels;  ///< the class of each
  Index classes = 10;                ///< how many there are: the labels are 0 to classes - 1

  /// How many pictures there are.
  Index size() const { return images.size(); }

  /// The same in the memory of a device.
  template <class Device>
  DeviceDataset<Device> to(Device device) const {
    return {images.to(device), DeviceLabels<Device>(labels)};
  }
};

}  // namespace tinynet
