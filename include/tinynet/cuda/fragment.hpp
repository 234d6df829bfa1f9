// Matrix fragments: how the 32 lanes of a warp share the operands of one small product, C [16, 8] += A [16, 16] B
// [16, 8], and what a lane keeps of them. The places are those that NVIDIA's PTX manual gives for mma.m16n8k16 with
// 16-bit operands; everything else follows from the three functions here, on the GPU as on the host.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <tinynet/cuda/half.hpp>
#include <type_traits>

namespace tinynet::detail::gpu {

inline constexpr int warp_size = 32;
inline constexpr int fragment_rows = 16, fragment_columns = 8, fragment_depth = 16;

/// A place in a fragment.
struct Place {
  int row, column;
};

/// Where lane `lane` has its number i of A (8 a lane), B (4) and C (4).
constexpr Place place_in_a(int lane, int i) { return {lane / 4 + i / 2 % 2 * 8, lane % 4 * 2 + i % 2 + i / 4 * 8}; }
constexpr Place place_in_b(int lane, int i) { return {lane % 4 * 2 + i % 2 + i / 2 * 8, lane / 4}; }
constexpr Place place_in_c(int lane, int i) { return {lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2}; }

/// What a lane keeps of a sum C.
template <class Scalar>
struct Sums {
  Scalar number[4] = {};
};

/// Four numbers of one row of A or one column of B. A lane keeps two such of A, for the rows lane / 4 and lane / 4 + 8,
/// and one of B, for the column lane / 4. Which four is free, as long as it is the same in A and B, since a product is
/// a sum over them all: it is whatever memory gives best.
template <class Scalar>
struct Quad {
  Scalar number[4];
};

/// The same of bytes, the first one in the lowest bits.
struct FourBytes {
  std::uint32_t word;
};

/// What a lane gets of `Count` blocks of bytes, each of 8 rows of 16: of a row lane / 4 the four from 4 (lane % 4) on,
/// or `transposed` the pairs from 2 (lane / 4) on of the rows 2 (lane % 4) and the next (PTX manual, ldmatrix).
template <int Count>
struct ByteBlocks {
  std::uint32_t word[Count];
};

/// What a lane keeps of an operand that is not split: Quads = 2 for A, 1 for B.
template <class Scalar, int Quads_>
struct Plain {
  static constexpr int Quads = Quads_, Terms = 1;
  Scalar number[4 * Quads];

  constexpr void set(int j, const Quad<Scalar>& quad) {
    TINYNET_UNROLL
    for (int i = 0; i < 4; ++i) number[(i / 2 * Quads + j) * 2 + i % 2] = quad.number[i];
  }
  constexpr void set(int j, FourBytes bytes) {
    TINYNET_UNROLL
    for (int i = 0; i < 4; ++i)
      number[(i / 2 * Quads + j) * 2 + i % 2] = static_cast<Scalar>(bytes.word >> 8 * i & 0xFFu);
  }
  /// As HalfBytes::set_pairs.
  constexpr void set_pairs(std::uint32_t first, std::uint32_t second) {
    TINYNET_UNROLL
    for (int i = 0; i < 8; ++i)
      number[i] = static_cast<Scalar>((i < 4 ? first : second) >> (i / 2 % 2 * 8 + i % 2 * 16) & 0xFFu);
  }
};

/// What a lane keeps of an operand of floats as the sum of `Terms` bfloat16 numbers, two of them a register. The upper
/// half of a float is a bfloat16, of 8 binary digits; what it leaves is again a float. So three terms are the float
/// itself, and one is enough for a byte.
template <int Quads_, int Terms_>
struct Split {
  static constexpr int Quads = Quads_, Terms = Terms_;
  std::uint32_t pair[Terms][2 * Quads];

  constexpr void set(int j, const Quad<float>& quad) {
    Quad<float> rest = quad;
    TINYNET_UNROLL
    for (int term = 0; term < Terms; ++term) {
      std::uint32_t upper[4];
      TINYNET_UNROLL
      for (int i = 0; i < 4; ++i) {
        upper[i] = std::bit_cast<std::uint32_t>(rest.number[i]) & 0xFFFF0000u;
        rest.number[i] -= std::bit_cast<float>(upper[i]);
      }
      pair[term][j] = upper[0] >> 16 | upper[1];
      pair[term][Quads + j] = upper[2] >> 16 | upper[3];
    }
  }

  /// Number i of a term.
  constexpr float number(int term, int i) const {
    const std::uint32_t both = pair[term][i / 2];
    return std::bit_cast<float>(i % 2 == 0 ? both << 16 : both & 0xFFFF0000u);
  }
};

/// What a lane keeps of bytes as half floats, in which they are exact: times byte_in_half.
template <int Quads_>
struct HalfBytes {
  static constexpr int Quads = Quads_, Terms = 1;
  std::uint32_t pair[2 * Quads];

  TINYNET_DEVICE void set(int j, FourBytes bytes) {
    pair[j] = lower_bytes_as_halves(bytes.word);
    pair[Quads + j] = upper_bytes_as_halves(bytes.word);
  }
  /// Of A both quads from two transposed blocks: the first bytes of the pairs are the upper row's.
  TINYNET_DEVICE void set_pairs(std::uint32_t first, std::uint32_t second) {
    static_assert(Quads == 2);
    pair[0] = even_bytes_as_halves(first);
    pair[1] = odd_bytes_as_halves(first);
    pair[2] = even_bytes_as_halves(second);
    pair[3] = odd_bytes_as_halves(second);
  }

  float number(int i) const { return half_of_pair(pair[i / 2], i % 2); }
};

/// What a lane keeps of floats as the sum of two half floats, of 11 binary digits each: with the sign of the second one
/// these are the 23 or 24 digits of a float, as long as its largest neighbour is not 2^14 times as large: a half float
/// has 5 bits for its exponent, and what is below 2^-24 is lost. So the numbers must come multiplied by a power of two
/// that makes the largest of them some thousands.
template <int Quads_>
struct HalfTerms {
  static constexpr int Quads = Quads_, Terms = 2;
  std::uint32_t pair[Terms][2 * Quads];

  TINYNET_DEVICE void set(int j, const Quad<float>& quad) {
    TINYNET_UNROLL
    for (int i = 0; i < 2; ++i) {
      const float x = quad.number[2 * i], y = quad.number[2 * i + 1];
      const std::uint32_t upper = pair_of_halves(x, y);
      pair[0][i * Quads + j] = upper;
      pair[1][i * Quads + j] = pair_of_halves(x - half_of_pair(upper, 0), y - half_of_pair(upper, 1));
    }
  }

  float number(int term, int i) const { return half_of_pair(pair[term][i / 2], i % 2); }
};

/// The power of two that brings a number >= 0 into [2^exponent, 2^(exponent + 1)), as nearly as a float can be one.
constexpr float power_of_two(float largest, int exponent) {
  const int of_largest = static_cast<int>(std::bit_cast<std::uint32_t>(largest) >> 23);
  const int wanted = std::clamp(254 + exponent - of_largest, 1, 254);
  return std::bit_cast<float>(static_cast<std::uint32_t>(wanted) << 23);
}

/// How numbers are multiplied: plainly, which every GPU can and in every precision.
template <class Scalar_>
struct PlainArithmetic {
  using Scalar = Scalar_;
  template <class Number, int Quads>
  using Operand = Plain<Scalar, Quads>;
  /// Bytes, and what is multiplied by them.
  using Bytes = Plain<Scalar, 2>;
  using ByBytes = Plain<Scalar, 1>;
  /// What a byte counts for in Bytes.
  static constexpr Scalar byte = Scalar(1);
  /// Whether ByBytes has to be scaled: see power_of_two.
  static constexpr bool scales = false;
};

/// sum += a b, the part of one lane, which takes what it needs from the other lanes: from_a(l, i) and from_b(l, i) are
/// the numbers i of lane l.
template <class Scalar, class FromA, class FromB>
TINYNET_DEVICE void add_products_of_lanes(int lane, Sums<Scalar>& sum, const FromA& from_a, const FromB& from_b) {
  // The lanes with two of the rows of A, and those with two of the columns of B, are four each. One after another.
  const int row = lane / 4 * 4, column = lane % 4 * 8;
  TINYNET_KEEP_LOOP
  for (int t = 0; t < 4; ++t) {
    TINYNET_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int upper_row = i / 2 * 4 + i % 2, lower_row = upper_row + 2;
      const Scalar upper = from_a(row + t, upper_row), lower = from_a(row + t, lower_row);
      const Scalar left = from_b(column + t, i), right = from_b(column + 4 + t, i);
      sum.number[0] += upper * left;
      sum.number[1] += upper * right;
      sum.number[2] += lower * left;
      sum.number[3] += lower * right;
    }
  }
}

/// In bfloat16 terms on tensor cores (sm_80 and later), as exact as float: what is left out, the products of terms
/// whose orders add up to more than 2, is 2^-23 of a product at most. What is multiplied by bytes is two half floats.
struct SplitArithmetic {
  using Scalar = float;
  template <class Number, int Quads>
  using Operand = Split<Quads, std::is_same_v<Number, std::uint8_t> ? 1 : 3>;
  using Bytes = HalfBytes<2>;
  using ByBytes = HalfTerms<1>;
  static constexpr float byte = byte_in_half;
  static constexpr bool scales = true;
};

/// Calls f(i, j) for the terms that are multiplied, the smallest products first.
template <int TermsA, int TermsB, class F>
TINYNET_DEVICE void each_pair_of_terms(const F& f) {
  TINYNET_UNROLL
  for (int order = 2; order >= 0; --order) TINYNET_UNROLL
  for (int i = 0; i < TermsA; ++i)
    if (order - i >= 0 && order - i < TermsB) f(i, order - i);
}

}  // namespace tinynet::detail::gpu
