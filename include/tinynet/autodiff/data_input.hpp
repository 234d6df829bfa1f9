// The user's data as the `forward` of a module gets them.
#pragma once

#include <string>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/core/lent_rows.hpp>
#include <tinynet/cpu/linear.hpp>
#include <type_traits>
#include <utility>

namespace tinynet {
namespace detail {

/// Whose rows these are, for the tape, whose operations add up over processes on the CPU alone. Throws Error (usage) if
/// it is about the rows of a device.
template <class Scalar>
RowShare share_on_tape(const rows_of<Scalar>& rows) {
  if (!on_cpu<Scalar> && rows.share().ranks != nullptr)
    throw Error(ErrorCode::usage,
                "rows of a device that are shared among processes: only the fused step adds up over these, a loss of a "
                "chain of linear layers and activations");
  return rows.share();
}

}  // namespace detail

/// Data as the input of a module's `forward`: a view of an Eigen matrix, of images or of a batch, of the sizes that are
/// known while compiling. Nothing flows back into them. `linear` reads them where they lie, so that bytes stay bytes,
/// also when they are multiplied or divided by a number; any other operation works with a copy on the tape.
template <class Scalar_, Index RowCount_, Index ColCount_>
class DataInput {
 public:
  using Scalar = Scalar_;
  static constexpr Index RowCount = RowCount_;      ///< if it is known while compiling, else `dynamic`
  static constexpr Index ColCount = ColCount_;      ///< the same
  using VarType = Var<Scalar, RowCount, ColCount>;  ///< what it is on the tape

  /// Of these rows, or all of a matrix, which must stay as they are until `backward()`.
  template <class Source>
  requires std::is_constructible_v<detail::LentRows<detail::rows_of<Scalar_>>, Source>
  explicit DataInput(Source&& rows) : rows_(std::forward<Source>(rows)) {}

  Index rows() const { return shape().rows; }
  Index cols() const { return shape().cols; }
  Shape shape() const { return rows_.unchecked().shape(); }
  /// Never: data are constant.
  bool requires_grad() const { return false; }

  /// As a net reads them. Throws Error (usage), in builds with assertions, if the numbers have changed since this was
  /// made.
  const detail::rows_of<Scalar>& as_rows() const& { return rows_.get(); }
  detail::rows_of<Scalar> as_rows() && { return rows_.get(); }
  /// The same, for operations that keep them.
  const detail::LentRows<detail::rows_of<Scalar>>& lent() const { return rows_; }

  /// A copy on the tape. Throws as as_rows() does.
  VarType var() const {
    const auto& rows = rows_.get();
    auto& tape = detail::Tape<Scalar>::current();
    auto* const node = tape.template append_value<detail::Node<Scalar>>("input", rows.shape(), false);
    const VarType x(node);
    tape.set_share(node, detail::share_on_tape<Scalar>(rows));
    using detail::load;
    load(rows, node->value);
    return x;
  }
  /// As var().
  template <Index R, Index C>
  requires(detail::may_equal(R, RowCount_) && detail::may_equal(C, ColCount_)) operator Var<Scalar, R, C>() const {
    return var();
  }
  /// As var(), since nothing flows back anyway.
  VarType detach() const { return var(); }

  /// A copy of the numbers.
  auto value() const { return var().value(); }
  /// A copy of the numbers in the program's memory.
  Matrix<detail::number_of<Scalar>, RowCount, ColCount> to(Cpu) const { return var().to(cpu); }

 private:
  detail::LentRows<detail::rows_of<Scalar>> rows_;
};

namespace detail {

using tinynet::DataInput;

template <class T>
inline constexpr bool is_data_input = false;
template <class Scalar, Index Rows, Index Cols>
inline constexpr bool is_data_input<DataInput<Scalar, Rows, Cols>> = true;

}  // namespace detail

/// Data times a number, which they are multiplied by when they are read.
template <class Scalar, Index Rows, Index Cols, PlainNumber Number>
auto operator*(const DataInput<Scalar, Rows, Cols>& x, Number factor) {
  return DataInput<Scalar, Rows, Cols>(x.lent().scaled(static_cast<double>(factor)));
}
template <class Scalar, Index Rows, Index Cols, PlainNumber Number>
auto operator*(Number factor, const DataInput<Scalar, Rows, Cols>& x) {
  return x * factor;
}
/// Data divided by a number: times 1 / divisor.
template <class Scalar, Index Rows, Index Cols, PlainNumber Number>
auto operator/(const DataInput<Scalar, Rows, Cols>& x, Number divisor) {
  return x * (1 / static_cast<double>(divisor));
}
/// The negative of data.
template <class Scalar, Index Rows, Index Cols>
auto operator-(const DataInput<Scalar, Rows, Cols>& x) {
  return x * -1.0;
}

}  // namespace tinynet
