// The elementwise verb: out = f(in, ...), on all cores, with SIMD where f allows it.
#pragma once

#include <algorithm>
#include <tinynet/core/device.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/core/threads.hpp>

namespace tinynet::detail {

/// An operand of an elementwise operation, broadcast to the shape of the result: a row stride of 0 repeats one
/// row, `splat` repeats the first number of each row. Only a single number does both.
template <class Scalar>
struct Source {
  const Scalar* data;
  Index row_stride;
  bool splat = false;

  Source(const Scalar* numbers, Shape own, Shape result)
      : data(numbers),
        row_stride(own.rows == 1 ? 0 : own.cols),
        splat(own.cols == 1 && (own.rows == 1 || result.cols != 1)) {}
};

/// A function that says `static constexpr bool vectorized = true` is called with Pack<Scalar> instead of Scalar.
template <class F>
inline constexpr bool vectorized = false;
template <class F>
requires requires { F::vectorized; }
inline constexpr bool vectorized<F> = F::vectorized;

/// A function that says `static constexpr bool derivative_from_output = true` gives the same derivative(x, y) when it
/// is given y for x: its input need not be kept.
template <class F>
inline constexpr bool derivative_from_output = false;
template <class F>
requires requires { F::derivative_from_output; }
inline constexpr bool derivative_from_output<F> = F::derivative_from_output;

/// Can an operation on these be done as on one long row? Every operand lies like the result, or is a single number.
template <class... Sources>
bool is_flat(Shape result, const Sources&... in) {
  return result.rows == 1 || ((in.splat ? in.row_stride == 0 : in.row_stride == result.cols) && ...);
}

template <class Scalar, class F, class... Sources>
void transform_row(Index cols, const F& f, Scalar* out, const Sources&... in) {
  if constexpr (vectorized<F> && has_pack<Scalar>) {
    using P = Pack<Scalar>;
    Index i = 0;
    for (; i + P::size <= cols; i += P::size) f((in.splat ? P(*in.data) : P::load(in.data + i))...).store(out + i);
    // The tail goes through the same SIMD functions, so that an element's bits do not depend on its place. What fills
    // the pack is one of its elements again: a program that traps 0 / 0 hears of its own numbers only.
    if (const Index n = cols - i; n > 0)
      f((in.splat ? P(*in.data) : P::load(in.data + i, n, in.data[i]))...).store(out + i, n);
  } else {
    for (Index i = 0; i < cols; ++i) out[i] = f(in.data[in.splat ? 0 : i]...);
  }
}

/// out(r, c) = f(in(r, c), ...) for a row-major `out` of the given shape. `out` may be one of the inputs. f is no
/// lambda, which a GPU would not take.
template <class Scalar, class F, class... Sources>
requires on_cpu<Scalar>
void transform(Shape shape, const F& f, Scalar* out, Sources... in) {
  constexpr Index grain = 16384;  // numbers that are worth a thread's while
  if (is_flat(shape, in...)) {
    const Index size = shape.size();
    parallel_ranges(size, grain, [&](Index begin, Index end) {
      const auto part = [&](Source<Scalar> source) {
        if (!source.splat) source.data += begin;
        return source;
      };
      transform_row(end - begin, f, out + begin, part(in)...);
    });
  } else {
    const Index rows = std::max<Index>(1, grain / std::max<Index>(1, shape.cols));
    parallel_ranges(shape.rows, rows, [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) {
        const auto part = [&](Source<Scalar> source) {
          source.data += r * source.row_stride;
          return source;
        };
        transform_row(shape.cols, f, out + r * shape.cols, part(in)...);
      }
    });
  }
}

}  // namespace tinynet::detail
