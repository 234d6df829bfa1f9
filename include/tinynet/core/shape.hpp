// Sizes that are known while compiling, sizes that are not, and how two of them go together.
#pragma once

#include <string>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>

namespace tinynet {

/// Rows and columns of a matrix.
struct Shape {
  Index rows = 0, cols = 0;  ///< how many there are of each

  /// How many numbers there are.
  constexpr Index size() const { return rows * cols; }
  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

/// "[3, 4]"
inline std::string to_string(const Shape& shape) {
  return std::string("[") + std::to_string(shape.rows) + ", " + std::to_string(shape.cols) + "]";
}

namespace detail {

/// May two sizes be the same? A dynamic one may be anything.
constexpr bool may_equal(Index a, Index b) { return a == dynamic || b == dynamic || a == b; }

/// May two sizes be broadcast against each other (a size of 1 is repeated)?
constexpr bool may_broadcast(Index a, Index b) { return may_equal(a, b) || a == 1 || b == 1; }

/// The size known better of two that are equal.
constexpr Index known(Index a, Index b) { return a == dynamic ? b : a; }

/// The size that two sizes broadcast to: the one that is not 1, if that is known.
constexpr Index broadcast(Index a, Index b) {
  if (a == 1) return b;
  if (b == 1) return a;
  return known(a, b);
}

/// The product of two sizes, dynamic if one of them is.
constexpr Index product(Index a, Index b) { return a == dynamic || b == dynamic ? dynamic : a * b; }

[[noreturn, gnu::cold]] inline void throw_shapes(const char* operation, const char* rule, const Shape& a,
                                                 const Shape& b) {
  throw Error(ErrorCode::usage,
              std::string(operation) + ": " + rule + "; found " + to_string(a) + " and " + to_string(b));
}

/// Throws Error (usage) naming the operation and both shapes unless `ok`.
inline void require_shapes(bool ok, const char* operation, const char* rule, const Shape& a, const Shape& b) {
  if (!ok) throw_shapes(operation, rule, a, b);
}

}  // namespace detail
}  // namespace tinynet
