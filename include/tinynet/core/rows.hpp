// The input of a net: a table of numbers that belongs to the user, read a block of rows at a time in whatever
// type and order it is kept, so that 60000 pictures stay bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/fingerprint.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/ranks.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/core/sparse_rows.hpp>
#include <utility>
#include <vector>

namespace tinynet {
namespace detail {

/// A list of rows that is gone when the expression is over.
template <class List>
concept TemporaryList = std::ranges::contiguous_range<List> && !std::is_lvalue_reference_v<List> &&
                        !std::ranges::borrowed_range<List> && std::is_same_v<std::ranges::range_value_t<List>, Index>;

/// The numbers that a table of rows may have.
enum class RowType : std::uint8_t { uint8, float32, float64 };

template <class Number>
constexpr RowType type_of() {
  static_assert(std::is_same_v<Number, std::uint8_t> || std::is_same_v<Number, float> || std::is_same_v<Number, double>,
                "tinynet: the input of a net is a matrix of uint8, float or double");
  if constexpr (std::is_same_v<Number, std::uint8_t>) return RowType::uint8;
  return std::is_same_v<Number, float> ? RowType::float32 : RowType::float64;
}

inline Index size_of(RowType type) {
  return type == RowType::uint8 ? Index{sizeof(std::uint8_t)}
                                : static_cast<Index>(type == RowType::float32 ? sizeof(float) : sizeof(double));
}

/// Throws Error (usage) unless there are rows [begin, begin + count) among so many.
inline void check_middle_rows(Index begin, Index count, Index rows) {
  if (begin < 0 || count < 0 || begin > rows - count)
    throw Error(ErrorCode::usage, "Rows: " + std::to_string(count) + " rows from row " + std::to_string(begin) +
                                      " of " + std::to_string(rows) + " were asked for");
}

/// Throws Error (usage) if there are not as many rows as the share has.
inline void check_share(const RowShare& share, Index rows) {
  if (share.ranks != nullptr && share.rows() != rows)
    throw Error(ErrorCode::usage, "Rows: a share of " + std::to_string(share.rows()) + " rows was expected, found " +
                                      std::to_string(rows));
}

/// Throws Error (usage) if these rows are one process's share of others.
inline void check_whole(const RowShare& share) {
  if (share.ranks != nullptr)
    throw Error(ErrorCode::usage, "Rows: some of the rows of one process's share; take a share of some rows instead");
}

/// to[i] = from[i]. Not inlined, since g++ 12 would warn of what cannot happen where it knows the size.
template <class Number, class Scalar>
#ifdef __GNUC__
__attribute__((noinline))
#endif
void convert(const Number* from, Index count, Scalar* to) {
  Index i = 0;
  if constexpr (std::is_same_v<Number, std::uint8_t> && has_pack<Scalar>)
    for (; i + Pack<Scalar>::size <= count; i += Pack<Scalar>::size) Pack<Scalar>::load_bytes(from + i).store(to + i);
  for (; i < count; ++i) to[i] = static_cast<Scalar>(from[i]);
}

}  // namespace detail

/// A read-only view of N rows of numbers: uint8, float or double, row- or column-major, all rows or a selection.
/// The numbers and the selection must stay as they are until the last use, `backward()` included. It does not own them,
/// unless they are a temporary, or those of images or batches.
class Rows {
 public:
  /// A view of a matrix whose elements lie in memory (an Eigen matrix, map or block).
  template <class Derived>
  requires(bool(Derived::Flags& Eigen::DirectAccessBit)) explicit Rows(const Eigen::DenseBase<Derived>& matrix)
      : Rows(matrix.derived().data(), {matrix.rows(), matrix.cols()},
             Derived::IsRowMajor ? matrix.outerStride() : matrix.innerStride(),
             Derived::IsRowMajor ? matrix.innerStride() : matrix.outerStride()) {}
  /// Of a matrix that is a temporary: these rows keep it.
  template <class Derived>
  explicit Rows(Eigen::PlainObjectBase<Derived>&& matrix)
      : Rows(std::make_shared<const Derived>(std::move(matrix.derived()))) {}

  /// A view of `shape.rows` rows; the strides are in elements.
  template <class Number>
  Rows(const Number* data, Shape shape, Index row_stride, Index col_stride = 1)
      : data_(data),
        shape_(shape),
        table_rows_(shape.rows),
        row_stride_(row_stride),
        col_stride_(col_stride),
        type_(detail::type_of<Number>()) {}

  /// The rows with these numbers, in this order. A list that is a temporary is copied; another must stay until the last
  /// use. Throws Error (usage) if one of the rows does not exist.
  Rows select(std::span<const Index> rows) const { return select(rows, nullptr); }
  Rows select(std::vector<Index>&& rows) const {
    const auto list = std::make_shared<const std::vector<Index>>(std::move(rows));
    return select(*list, list);
  }
  template <detail::TemporaryList List>
  Rows select(List&& rows) const {
    return select(std::vector<Index>(std::ranges::begin(rows), std::ranges::end(rows)));
  }
  /// The same, of a list that stays as long as its owner does, which these rows keep.
  Rows select(std::span<const Index> rows, std::shared_ptr<const void> owner) const {
    if (!selection_.empty()) throw Error(ErrorCode::usage, "Rows: a selection of a selection of rows");
    detail::check_whole(share_);
    for (const Index row : rows)
      if (row < 0 || row >= shape_.rows)
        throw Error(ErrorCode::usage,
                    "Rows: row " + std::to_string(row) + " of " + std::to_string(shape_.rows) + " was asked for");
    Rows selected = *this;
    selected.shape_.rows = static_cast<Index>(rows.size());
    selected.selection_ = rows;
    selected.selection_owner_ = std::move(owner);
    return selected;
  }

  /// `count` of the rows, from row `begin` on. Throws Error (usage) if there are not so many.
  Rows middle_rows(Index begin, Index count) const {
    detail::check_middle_rows(begin, count, rows());
    detail::check_whole(share_);
    Rows part = *this;
    part.shape_.rows = count;
    if (selection_.empty()) {
      part.data_ = static_cast<const std::byte*>(data_) + begin * row_stride_ * detail::size_of(type_);
      part.table_rows_ = count;
      part.cache_ = nullptr;  // which is of the whole table
    } else {
      part.selection_ = selection_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    }
    return part;
  }

  /// The same rows, every number multiplied by `factor` when it is read.
  Rows scaled(double factor) const {
    Rows product = *this;
    product.scale_ *= factor;
    return product;
  }
  /// What the numbers are multiplied by when they are read.
  double scale() const { return scale_; }

  /// The same rows, of numbers that never change and stay as long as their owner does, which these rows keep.
  Rows owned_by(std::shared_ptr<const void> owner) const {
    Rows owned = *this;
    owned.table_owner_ = std::move(owner);
    return owned;
  }
  /// A number that is another one, almost certainly, when numbers or a selection are that may change; never 0 or 1.
  std::uint64_t fingerprint() const {
    detail::Fingerprint print;
    if (!selection_owner_) print.add(selection_.data(), static_cast<Index>(selection_.size_bytes()));
    if (table_owner_) return print.value();
    const Index bytes = detail::size_of(type_);
    const auto at = [&](Index r, Index c) {
      return static_cast<const std::byte*>(data_) + (r * row_stride_ + c * col_stride_) * bytes;
    };
    if (row_stride_ == 1 && !is_selection()) {
      for (Index c = 0; c < cols(); ++c) print.add(at(0, c), rows() * bytes);
      return print.value();
    }
    for (Index r = 0; r < rows(); ++r)
      if (col_stride_ == 1)
        print.add(at(row(r), 0), cols() * bytes);
      else
        for (Index c = 0; c < cols(); ++c) print.add(at(row(r), c), bytes);
    return print.value();
  }

  /// The same rows, of bytes that never change, with a place for the lists of those that are not 0.
  Rows with(const detail::SparseCache& cache) const {
    Rows cached = *this;
    cached.cache_ = &cache;
    return cached;
  }

  /// The lists of the nonzero bytes of the whole table, or null if there is no place to keep them. They are made at the
  /// first call.
  const detail::SparseRows* sparse() const {
    if (cache_ == nullptr || shape_.cols > detail::SparseRows::most_columns ||
        table_rows_ * shape_.cols >= std::int64_t{1} << 32)
      return nullptr;
    return &cache_->get(static_cast<const std::uint8_t*>(data_), shape_.cols,
                        is_selection() ? detail::Partition(table_rows_) : partition());
  }

  /// The same rows, which are one process's share of a table (or, by an empty share, all of it). Throws Error (usage)
  /// if there are more or fewer.
  Rows as_share(const RowShare& share) const {
    detail::check_share(share, rows());
    Rows own = *this;
    own.share_ = share;
    return own;
  }

  /// Whose rows these are.
  const RowShare& share() const { return share_; }
  /// The processes that have the other rows, or null if these are all.
  const Ranks* ranks() const { return share_.ranks; }
  /// How many rows there are with those of the others.
  Index all_rows() const { return ranks() == nullptr ? rows() : share_.all_rows; }
  /// What number the first row here has among them.
  Index first_row() const { return share_.first_row; }
  /// How sums over the rows are cut.
  detail::Partition partition() const { return ranks() == nullptr ? detail::Partition(rows()) : share_.partition; }

  /// Are these only some of the rows?
  bool is_selection() const { return !selection_.empty(); }
  /// The number in the table of row i.
  Index row(Index i) const { return selection_.empty() ? i : selection_[static_cast<std::size_t>(i)]; }

  /// Where the table's numbers lie.
  const void* data() const { return data_; }
  Index rows() const { return shape_.rows; }
  Index cols() const { return shape_.cols; }
  Shape shape() const { return shape_; }

  /// Rows [begin, begin + count) as a row-major block of Scalar; copied to `scratch` (count * cols() numbers)
  /// unless they lie in memory like that already.
  template <class Scalar>
  const Scalar* load(Index begin, Index count, Scalar* scratch) const {
    switch (type_) {
      case detail::RowType::uint8:
        return load_as<std::uint8_t>(begin, count, scratch);
      case detail::RowType::float32:
        return load_as<float>(begin, count, scratch);
      default:
        return load_as<double>(begin, count, scratch);
    }
  }

 private:
  template <class Number, class Scalar>
  const Scalar* load_as(Index begin, Index count, Scalar* scratch) const {
    const auto* const numbers = static_cast<const Number*>(data_);
    const Index cols = shape_.cols;
    if constexpr (std::is_same_v<Number, Scalar>)
      if (selection_.empty() && scale_ == 1 && col_stride_ == 1 && (row_stride_ == cols || count == 1))
        return numbers + begin * row_stride_;
    for (Index r = 0; r < count; ++r) {
      const Number* const from = numbers + row(begin + r) * row_stride_;
      Scalar* const to = scratch + r * cols;
      if (col_stride_ == 1)
        detail::convert(from, cols, to);
      else
        for (Index c = 0; c < cols; ++c) to[c] = static_cast<Scalar>(from[c * col_stride_]);
      if (scale_ != 1)
        for (Index c = 0; c < cols; ++c) to[c] *= static_cast<Scalar>(scale_);
    }
    return scratch;
  }

  template <class Matrix>
  explicit Rows(std::shared_ptr<const Matrix> owner) : Rows(*owner) {
    table_owner_ = std::move(owner);
  }

  const void* data_;
  std::span<const Index> selection_{};
  std::shared_ptr<const void> table_owner_{}, selection_owner_{};  // null: what they refer to is the user's
  RowShare share_{};
  const detail::SparseCache* cache_ = nullptr;
  double scale_ = 1;
  Shape shape_;
  Index table_rows_, row_stride_, col_stride_;
  detail::RowType type_;
};

}  // namespace tinynet
