// Transposing matrices a square of packs at a time.
#pragma once

#include <algorithm>
#include <tinynet/core/math.hpp>
#include <type_traits>
#include <utility>

namespace tinynet::detail {

/// Calls put(j, i, numbers) for every column j < cols and i = 0, size, 2 size, ... < rows, where the pack `numbers`
/// holds the column's numbers of the rows i to i + size, and 0 for rows that do not exist. from(i) gives where row i
/// begins.
template <class Scalar, class From, class Put>
void transpose(Index rows, Index cols, const From& from, const Put& put) {
  using P = Pack<Scalar>;
  for (Index j = 0; j < cols; j += P::size)
    for (Index i = 0; i < rows; i += P::size) {
      const Index height = std::min(P::size, rows - i), width = std::min(P::size, cols - j);
      P block[P::size];
      for (Index k = 0; k < height; ++k)
        block[k] = width == P::size ? P::load(from(i + k) + j) : P::load(from(i + k) + j, width);
      for (Index k = height; k < P::size; ++k) block[k] = P(Scalar(0));
      P::transpose(block);
      for (Index k = 0; k < width; ++k) put(j + k, i, block[k]);
    }
}

/// Numbers to be transposed: to(r, c) = from(c, r), or to(r, c) += from(c, r). A row of `from` begins `from_stride`
/// numbers behind the one before, a row of `to` `to_stride`.
template <class Scalar>
struct Transposition {
  const Scalar* from;
  Index from_stride;
  Scalar* to;
  Index to_stride;
  bool accumulate;
};

template <class Packet>
std::integral_constant<Index, Eigen::internal::unpacket_traits<Packet>::size> packet_size(const Packet&);

// A Transposition is handed on by value: the compiler would have to read it anew after every packet that is written.

template <class Scalar>
void transpose_number(Transposition<Scalar> t, Index r, Index c) {
  Scalar& number = t.to[r * t.to_stride + c];
  number = t.accumulate ? number + t.from[c * t.from_stride + r] : t.from[c * t.from_stride + r];
}

/// A square of as many rows and columns as there are numbers in a packet.
template <class Packet, class Scalar>
void transpose_square(const Packet&, Transposition<Scalar> t, Index r, Index c) {
  using Eigen::internal::ploadu;
  constexpr int size = Eigen::internal::unpacket_traits<Packet>::size;
  Eigen::internal::PacketBlock<Packet, size> square;
  for (Index k = 0; k < size; ++k) square.packet[k] = ploadu<Packet>(t.from + (c + k) * t.from_stride + r);
  Eigen::internal::ptranspose(square);
  for (Index k = 0; k < size; ++k) {
    Scalar* const at = t.to + (r + k) * t.to_stride + c;
    if (t.accumulate) square.packet[k] = Eigen::internal::padd(ploadu<Packet>(at), square.packet[k]);
    Eigen::internal::pstoreu(at, square.packet[k]);
  }
}

/// Rows r, r + 1, ... < rows of the columns [begin, end), in squares of this packet and then smaller ones. Returns the
/// first row that is left.
template <class Packet, class Scalar>
Index transpose_rows(const Packet& packet, Transposition<Scalar> t, Index r, Index rows, Index begin, Index end) {
  using Half = typename Eigen::internal::unpacket_traits<Packet>::half;
  constexpr Index size = Eigen::internal::unpacket_traits<Packet>::size;
  constexpr Index half = decltype(packet_size(std::declval<Half>()))::value;
  constexpr bool has_half = half > 1 && half < size;
  if constexpr (size > 1 && (std::is_same_v<Scalar, float> || !has_half))  // small squares of doubles are the fastest
    for (; r + size <= rows; r += size) {
      Index c = begin;
      for (; c + size <= end; c += size) transpose_square(packet, t, r, c);
      for (; c < end; ++c)
        for (Index k = 0; k < size; ++k) transpose_number(t, r + k, c);
    }
  if constexpr (has_half) r = transpose_rows(Half(), t, r, rows, begin, end);
  return r;
}

/// Does it for r < rows, c < cols.
template <class Scalar>
void transpose_block(Index rows, Index cols, Transposition<Scalar> t) {
  constexpr Index strip = 256 / sizeof(Scalar);  // rows of `from` whose cache lines stay until their next column's turn
  for (Index begin = 0; begin < cols; begin += strip) {
    const Index end = std::min(begin + strip, cols);
    Index r = 0;
    if constexpr (has_pack<Scalar>) r = transpose_rows(typename Pack<Scalar>::Native(), t, 0, rows, begin, end);
    for (; r < rows; ++r)
      for (Index c = begin; c < end; ++c) transpose_number(t, r, c);
  }
}

}  // namespace tinynet::detail
