// The only header that includes Eigen, but for its tensors (cuda/tensor.hpp), and the matrix types the library is
// written in.
#pragma once

#include <tinynet/core/language.hpp>

// Under these options the compiler takes it for granted that no number is NaN or infinite, and a training that has gone
// wrong would go on without a word.
#if (defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ != 0) || defined(_M_FP_FAST)) && \
    !defined(TINYNET_ALLOW_FAST_MATH)
#error "tinynet: -ffast-math (/fp:fast) hides NaN: compile without it, or define TINYNET_ALLOW_FAST_MATH"
#endif

// With AVX-512, g++ 12 takes the "undefined" argument of its own intrinsics for an uninitialised variable wherever
// Eigen calls them (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>  // not found? Debian: apt-get install libeigen3-dev, and -I /usr/include/eigen3
#if __has_include(<Eigen/ThreadPool>)
#include <Eigen/ThreadPool>  // Eigen 5
#else
#include <unsupported/Eigen/CXX11/ThreadPool>
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cstdint>
#include <type_traits>

namespace tinynet {

/// The type of sizes: signed, as in Eigen.
using Index = Eigen::Index;

/// A size that is known only at run time, as in Eigen.
inline constexpr Index dynamic = Eigen::Dynamic;

namespace detail {

// Eigen wants a column vector to be column-major; in memory the two orders are the same for it.
template <Index Rows, Index Cols>
inline constexpr int row_major_options = (Cols == 1 && Rows != 1) ? int{Eigen::ColMajor} : int{Eigen::RowMajor};

}  // namespace detail

/// The library's own matrices: row-major, a row an example.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
using Matrix =
    Eigen::Matrix<Scalar, static_cast<int>(Rows), static_cast<int>(Cols), detail::row_major_options<Rows, Cols>>;

/// A view of contiguous row-major numbers that somebody else owns.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
using MatrixView = Eigen::Map<Matrix<Scalar, Rows, Cols>>;

/// The same, read only.
template <class Scalar, Index Rows = dynamic, Index Cols = dynamic>
using ConstMatrixView = Eigen::Map<const Matrix<Scalar, Rows, Cols>>;

}  // namespace tinynet
