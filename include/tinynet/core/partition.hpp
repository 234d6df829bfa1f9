// How many rows are divided, whatever the number of threads: this fixes the order of every sum over rows, so
// that a program gives the same bits on one core and on sixty.
#pragma once

#include <tinynet/core/eigen.hpp>

namespace tinynet::detail {

/// N rows in a power of two of nearly equal parts. Sums run over the rows of a part in order, then over the
/// parts as a balanced binary tree, so that 2, 4 or 8 processes that hold a half, a quarter or an eighth of the
/// rows each compute a whole subtree. The number of parts depends on N alone.
class Partition {
 public:
  static constexpr Index most_parts = 64;
  static constexpr Index rows_per_part = 128;

  /// `smallest`: how many rows make a part worth having.
  explicit constexpr Partition(Index rows, Index smallest = rows_per_part) : all_rows_(rows) {
    while (parts_ < most_parts && all_rows_ / (2 * parts_) >= smallest) parts_ *= 2;
    all_parts_ = parts_;
  }

  /// What process `rank` of `ranks` (a power of two) has of it: a subtree of the parts, one of them or none. They and
  /// their rows are numbered from 0.
  constexpr Partition share(Index rank, Index ranks) const {
    Partition own = *this;
    own.first_ = all_parts_ * rank / ranks;
    own.parts_ = all_parts_ * (rank + 1) / ranks - own.first_;
    return own;
  }

  constexpr Index parts() const { return parts_; }
  constexpr Index begin(Index part) const { return row(first_ + part) - first_row(); }
  constexpr Index end(Index part) const { return begin(part + 1); }

  /// How many rows there are in these parts, and in the whole table the number of the first.
  constexpr Index rows() const { return begin(parts_); }
  constexpr Index first_row() const { return row(first_); }

 private:
  constexpr Index row(Index part) const { return all_rows_ * part / all_parts_; }

  Index all_rows_;
  Index all_parts_ = 1, first_ = 0, parts_ = 1;
};

/// Sums `parts` (a power of two) vectors of length `size`, lying one after another in `partial`, as a balanced
/// binary tree; the sum ends up in the first. Touches the elements [begin, end) of each only, so that threads
/// can share the work.
template <class Number>
void tree_sum(Number* partial, Index parts, Index size, Index begin, Index end) {
  for (Index stride = 1; stride < parts; stride *= 2)
    for (Index part = 0; part < parts; part += 2 * stride) {
      Number* const to = partial + part * size;
      const Number* const from = to + stride * size;
      for (Index i = begin; i < end; ++i) to[i] += from[i];
    }
}

}  // namespace tinynet::detail
