// Rows that are the user's and are read where they lie, as late as in backward(): what if they have changed by then?
#pragma once

#include <cstdint>
#include <tinynet/core/device_rows.hpp>
#include <tinynet/core/error.hpp>
#include <type_traits>
#include <utility>

namespace tinynet::detail {

/// Rows that somebody has lent until backward(). In builds with assertions (without NDEBUG) they are compared before
/// each use with what they were.
template <class RowsType>
class LentRows {
 public:
  /// These rows, as they are now.
  explicit LentRows(RowsType rows) : rows_(std::move(rows)), fingerprint_(fingerprint()) {}
  /// All rows of a matrix of the user's, which may get other memory.
  template <class M>
  requires std::is_base_of_v<Eigen::PlainObjectBase<M>, M>
  explicit LentRows(const M& matrix) : rows_(matrix), fingerprint_(fingerprint()), matrix_(&matrix) {
    data_of_ = [](const void* lent) -> const void* { return static_cast<const M*>(lent)->data(); };
  }

  /// Rows that nobody else can change.
  static LentRows unchanging(RowsType rows) { return {std::move(rows), 0}; }

  /// The rows. Throws Error (usage), in builds with assertions, if they are not what they were.
  const RowsType& get() const {
    if (fingerprint_ != 0)  // memory that the matrix has given away is better not read
      if (const std::uint64_t now = has_other_memory() ? 1 : fingerprint(); now != 0 && now != fingerprint_)
        throw Error(ErrorCode::usage,
                    "net(x): the numbers of x have changed since net(x), which reads them where they lie until "
                    "backward(); change them only after that, or give a copy: net(constant(x))");
    return rows_;
  }
  /// The rows, of which only the shape is wanted.
  const RowsType& unchecked() const { return rows_; }

  /// The same rows, every number multiplied by `factor` when it is read.
  LentRows scaled(double factor) const {
    LentRows product = *this;
    product.rows_ = rows_.scaled(factor);
    return product;
  }

 private:
  LentRows(RowsType rows, std::uint64_t known) : rows_(std::move(rows)), fingerprint_(known) {}

  // 0 where there is nothing to compare: in builds without assertions, on devices, of rows that own their numbers.
  std::uint64_t fingerprint() const {
#ifndef NDEBUG
    if constexpr (requires { rows_.fingerprint(); }) return rows_.fingerprint();
#endif
    return 0;
  }

  bool has_other_memory() const {
    if constexpr (requires { rows_.data(); }) return matrix_ != nullptr && data_of_(matrix_) != rows_.data();
    return false;
  }

  // There in all builds, which may be linked with one another.
  RowsType rows_;
  std::uint64_t fingerprint_;
  const void* matrix_ = nullptr;
  const void* (*data_of_)(const void*) = nullptr;
};

}  // namespace tinynet::detail
