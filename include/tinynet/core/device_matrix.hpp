// Matrices in the memory of a device: views, and owners, of which the program knows the shape and can have a copy.
#pragma once

#include <tinynet/core/device_rows.hpp>
#include <tinynet/core/numbers.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/shape.hpp>
#include <utility>

namespace tinynet::detail {

/// A view of row-major numbers on a device that somebody else owns.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
class DeviceView {
 public:
  DeviceView(Scalar* data, Index rows, Index cols) : data_(data), shape_{rows, cols} {}

  Scalar* data() const { return data_; }
  Index rows() const { return shape_.rows; }
  Index cols() const { return shape_.cols; }
  Index size() const { return shape_.size(); }

  /// A copy that the program can read.
  Matrix<number_of<std::remove_const_t<Scalar>>, Rows, Cols> to(Cpu) const {
    Matrix<number_of<std::remove_const_t<Scalar>>, Rows, Cols> copy(rows(), cols());
    copy_across(data_, size(), copy.data());
    return copy;
  }

  void setZero() const { fill(data_, size(), number_of<Scalar>(0)); }

 private:
  Scalar* data_;
  Shape shape_;
};

/// A matrix on a device; a copy has numbers of its own.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
class DeviceMatrix {
 public:
  static constexpr Index RowsAtCompileTime = Rows, ColsAtCompileTime = Cols;

  DeviceMatrix(Index rows, Index cols) : shape_{rows, cols}, numbers_(shape_.size()) {}
  DeviceMatrix(const DeviceMatrix& other) : DeviceMatrix(other.rows(), other.cols()) {
    copy(other.data(), size(), data());
  }
  DeviceMatrix(DeviceMatrix&&) noexcept = default;
  DeviceMatrix& operator=(const DeviceMatrix& other) {
    if (shape_ == other.shape_)
      copy(other.data(), size(), data());
    else
      *this = DeviceMatrix(other);
    return *this;
  }
  DeviceMatrix& operator=(DeviceMatrix&&) noexcept = default;
  ~DeviceMatrix() = default;

  Scalar* data() { return numbers_.data(); }
  const Scalar* data() const { return numbers_.data(); }
  Index rows() const { return shape_.rows; }
  Index cols() const { return shape_.cols; }
  Index size() const { return shape_.size(); }

  /// As the input of a net.
  auto as_rows() const { return rows_of<Scalar>(data(), shape_, cols()); }

  Matrix<number_of<Scalar>, Rows, Cols> to(Cpu) const {
    return DeviceView<const Scalar, Rows, Cols>(data(), rows(), cols()).to(cpu);
  }
  void setZero() { fill(data(), size(), number_of<Scalar>(0)); }

 private:
  Shape shape_;
  Buffer<Scalar> numbers_;
};

template <class T>
inline constexpr bool is_device_matrix = false;
template <class Scalar, Index Rows, Index Cols>
inline constexpr bool is_device_matrix<DeviceMatrix<Scalar, Rows, Cols>> = true;

// The types of views and owners for numbers of any device.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
using view_of = std::conditional_t<on_cpu<Scalar>, MatrixView<Scalar, Rows, Cols>, DeviceView<Scalar, Rows, Cols>>;
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
using const_view_of =
    std::conditional_t<on_cpu<Scalar>, ConstMatrixView<Scalar, Rows, Cols>, DeviceView<const Scalar, Rows, Cols>>;
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
using matrix_of = std::conditional_t<on_cpu<Scalar>, Matrix<Scalar, Rows, Cols>, DeviceMatrix<Scalar, Rows, Cols>>;
template <class Scalar>
using vector_of = matrix_of<Scalar, dynamic, 1>;

/// A matrix whose elements are all the same number.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
matrix_of<Scalar, Rows, Cols> constant_matrix(Index rows, Index cols, number_of<Scalar> number) {
  matrix_of<Scalar, Rows, Cols> matrix(rows, cols);
  fill(matrix.data(), matrix.size(), number);
  return matrix;
}

/// An owner of the numbers that a view shows.
template <class Number, Index Rows, Index Cols>
auto copy_of(const DeviceView<Number, Rows, Cols>& view) {
  DeviceMatrix<std::remove_const_t<Number>, Rows, Cols> matrix(view.rows(), view.cols());
  copy(view.data(), matrix.size(), matrix.data());
  return matrix;
}
template <class Derived>
typename Derived::PlainObject copy_of(const Eigen::DenseBase<Derived>& view) {
  return view.derived();
}

/// Writes a matrix, or expression, of the program as row-major numbers of any device.
template <class Scalar, class Derived>
void write_numbers(const Eigen::DenseBase<Derived>& from, Scalar* to) {
  if constexpr (on_cpu<Scalar>) {
    MatrixView<Scalar>(to, from.rows(), from.cols()) = from.derived().template cast<Scalar>().matrix();
  } else {
    const Buffer<number_of<Scalar>> numbers(from.size());
    write_numbers(from, numbers.data());
    copy_across(numbers.data(), from.size(), to);
  }
}

}  // namespace tinynet::detail

namespace tinynet {

/// A copy of a matrix, or of an expression, in the memory of a device, as the input of nets that are there:
/// `gpu_net(to(x, cuda))`.
template <class Derived, class Device>
requires(!std::is_same_v<Device, Cpu>) auto to(const Eigen::DenseBase<Derived>& x, Device) {
  using Scalar = detail::moved_to<typename Derived::Scalar, Device>;
  detail::DeviceMatrix<Scalar, Derived::RowsAtCompileTime, Derived::ColsAtCompileTime> copy(x.rows(), x.cols());
  detail::write_numbers(x, copy.data());
  return copy;
}

}  // namespace tinynet
