// The elementwise verbs of a device against the program's own, of which they must have the very numbers.
#define EIGEN_USE_THREADS
#include <tinynet/core/numbers.hpp>
#include <tinynet/cpu/update.hpp>
#include <tinynet/cuda/elementwise.hpp>

#include "../cpu/same_bits.hpp"
#include "emulated.hpp"

using namespace tinynet;
using detail::Source;
using detail::Strides;

namespace {

template <class Number>
using There = detail::On<Number, test::Emulated>;

/// verb(from, out) for numbers of the program, and for the same on the device: `out` must be the same.
template <class Number, class Verb>
void check_same(Index from_size, Index out_size, const Verb& verb) {
  const auto from = test::numbers<Number>(from_size, 1);
  auto out = test::numbers<Number>(out_size, 2), found = out;
  const detail::Buffer<There<Number>> from_there(from_size), out_there(out_size);
  detail::copy_across(from.data(), from_size, from_there.data());
  detail::copy_across(out.data(), out_size, out_there.data());
  verb(from.data(), out.data());
  verb(static_cast<const There<Number>*>(from_there.data()), out_there.data());
  detail::copy_across(static_cast<const There<Number>*>(out_there.data()), out_size, found.data());
  CHECK(found == out);
}

template <class Number>
struct Odd {
  constexpr Number operator()(Index i) const { return static_cast<Number>(2 * i + 1); }
};

// Products with powers of two only, so that it is all the same where a machine rounds.
struct Combination {
  template <class T>
  constexpr T operator()(T a, T b) const {
    return a - T(2) * b;
  }
  template <class T>
  constexpr T operator()(T a, T b, T c) const {
    return a - T(2) * b + T(4) * c;
  }
};
struct TwoMeans {
  template <class T>
  constexpr T operator()(T p, T g, T& fast, T& slow) const {
    fast = T(0.5) * fast + g;
    slow = slow + T(0.125) * (fast - slow);
    return T(0.25) * slow + T(0.0625) * p;
  }
};

constexpr Shape shapes[]{{1, 1}, {1, 40}, {40, 1}, {5, 7}, {37, 16}, {300, 70}};

}  // namespace

TEST_CASE_TEMPLATE("numbers are set, copied, added and generated", Number, float, double, std::int32_t) {
  for (const Index size : {0, 1, 3, 8, 1000})
    check_same<Number>(size + 1, 4 * size + 5, [size](const auto* from, auto* out) {
      detail::fill(out, size, Number(5));
      detail::copy(from, size, out + size + 1);
      detail::add(from, size, out + 2 * size + 2);
      detail::add(from, size, out);
      detail::generate(out + 3 * size + 3, size, Odd<Number>{});
    });
}

TEST_CASE_TEMPLATE("all ways to broadcast", Number, float, double) {
  const auto check = [](Shape a, Shape b) {
    const Shape shape{std::max(a.rows, b.rows), std::max(a.cols, b.cols)};
    CAPTURE(shape.rows);
    CAPTURE(shape.cols);
    check_same<Number>(a.size() + b.size(), shape.size() + 1, [=]<class Scalar>(const Scalar* from, Scalar* out) {
      const Source<Scalar> x(from, a, shape), y(from + a.size(), b, shape);
      detail::transform(shape, Combination{}, out, x, y);
      detail::transform(shape, Combination{}, out, y, Source<Scalar>(out, shape, shape), x);  // in place
    });
  };
  for (const Shape shape : shapes)
    for (const Shape other : {shape, Shape{1, shape.cols}, Shape{shape.rows, 1}, Shape{1, 1}}) {
      check(shape, other);
      check(other, shape);
    }
  check({1, 13}, {9, 1});
  check({9, 1}, {1, 13});
}

TEST_CASE_TEMPLATE("blocks, as they stand or transposed, copied and added", Number, float, double) {
  constexpr Index cols = 83, size = 400 * cols;  // of both matrices, or of what is transposed
  for (const Shape shape : shapes)
    for (const bool transposed : {false, true})
      for (const bool accumulate : {false, true}) {
        CAPTURE(shape.rows);
        CAPTURE(shape.cols);
        CAPTURE(transposed);
        check_same<Number>(size * 2, size, [=]<class Scalar>(const Scalar* from, Scalar* out) {
          const Strides<Scalar> to{out + 2 * cols + 3, cols};
          const Index stride = transposed ? shape.rows + 2 : cols - 1;
          const Strides<const Scalar> source{from + 5, transposed ? 1 : stride, transposed ? stride : 1};
          detail::copy_block(shape, source, to, accumulate);
          detail::copy_block({0, 3}, source, to, false);
        });
      }
}

TEST_CASE_TEMPLATE("a whole matrix is transposed", Number, float, double) {
  for (const Shape shape : shapes)
    check_same<Number>(shape.size(), shape.size(), [=]<class Scalar>(const Scalar* from, Scalar* out) {
      detail::copy_block(shape, {from, 1, shape.rows}, Strides<Scalar>{out, shape.cols}, false);
    });
}

TEST_CASE_TEMPLATE("parameters, what is lost and states are updated", Number, float, double) {
  for (const Index size : {1, 7, 1000, 40'000})
    check_same<Number>(2 * size, 4 * size + 1, [size]<class Scalar>(const Scalar* g, Scalar* p) {
      Scalar *const lost = p + size, *const fast = lost + size, *const slow = fast + size;
      for (const Scalar* gradient : {g, g + size})
        detail::update_parameters(TwoMeans{}, size, p, gradient, lost, std::array{fast, slow});
    });
}
