#include <tinynet/cpu/transform.hpp>

#include "same_bits.hpp"

using namespace tinynet;
using detail::Source;
using detail::transform;

namespace {

struct Difference {  // f(a, b) for numbers
  template <class T>
  T operator()(T a, T b) const {
    return a - b * b;
  }
};
struct PackedDifference : Difference {  // the same for packs
  static constexpr bool vectorized = true;
};

struct PackedExp {
  static constexpr bool vectorized = true;
  template <class T>
  T operator()(T x) const {
    return math::exp(x);
  }
};

/// Element (r, c) of a matrix of shape `own` that is broadcast.
float element(const std::vector<float>& matrix, Shape own, Index r, Index c) {
  return matrix[static_cast<std::size_t>((own.rows == 1 ? 0 : r) * own.cols + (own.cols == 1 ? 0 : c))];
}

template <class F>
void check_broadcast(Shape a, Shape b, const F& f) {
  const Shape shape{std::max(a.rows, b.rows), std::max(a.cols, b.cols)};
  CAPTURE(to_string(a));
  CAPTURE(to_string(b));
  const auto x = test::numbers<float>(a.size(), 1), y = test::numbers<float>(b.size(), 2);
  std::vector<float> out(static_cast<std::size_t>(shape.size() + 1), 99.0f);
  transform(shape, f, out.data(), Source<float>(x.data(), a, shape), Source<float>(y.data(), b, shape));
  float worst = 0;
  for (Index r = 0; r < shape.rows; ++r)
    for (Index c = 0; c < shape.cols; ++c) {
      const float expected = Difference{}(element(x, a, r, c), element(y, b, r, c));
      worst = std::max(worst, std::abs(out[static_cast<std::size_t>(r * shape.cols + c)] - expected));
    }
  CHECK(worst <= 1e-6f);       // a multiplication and an addition may be one instruction
  CHECK(out.back() == 99.0f);  // nothing is written behind the end
}

}  // namespace

TEST_CASE("all ways to broadcast, with and without packs, one thread and several") {
  for (const int threads : {1, 4}) {
    set_num_threads(threads);
    for (const Shape shape : {Shape{1, 1}, Shape{1, 40'000}, Shape{40'000, 1}, Shape{5, 7}, Shape{37, 16},
                              Shape{1000, 33}, Shape{3, 20'000}})
      for (const Shape other : {shape, Shape{1, shape.cols}, Shape{shape.rows, 1}, Shape{1, 1}}) {
        check_broadcast(shape, other, Difference{});
        check_broadcast(shape, other, PackedDifference{});
        check_broadcast(other, shape, PackedDifference{});
      }
    check_broadcast({1, 13}, {9, 1}, Difference{});
    check_broadcast({9, 1}, {1, 13}, PackedDifference{});
  }
}

TEST_CASE("a matrix without elements is fine") {
  const float nothing = 0;
  float untouched = 7;
  for (const Shape empty : {Shape{0, 0}, Shape{0, 5}, Shape{5, 0}})
    transform(empty, PackedExp{}, &untouched, Source<float>(&nothing, empty, empty));
  CHECK(untouched == 7);
}

TEST_CASE("the result may take the place of an operand") {
  const Shape shape{100, 30};
  auto numbers = test::numbers<float>(shape.size(), 1);
  const auto before = numbers;
  const Source<float> source(numbers.data(), shape, shape);
  transform(shape, PackedDifference{}, numbers.data(), source, source);
  CHECK(std::abs(numbers[17] - (before[17] - before[17] * before[17])) <= 1e-6f);
  CHECK(std::abs(numbers[2999] - (before[2999] - before[2999] * before[2999])) <= 1e-6f);
}

TEST_CASE("an element's bits depend neither on its place nor on the number of threads") {
  for (const Index rows : test::row_counts)
    test::check_same_bits<float>(test::numbers<float>(rows * 17, 3), [&](const float* x) {
      const Shape shape{rows, 17};
      std::vector<float> out(static_cast<std::size_t>(shape.size()));
      transform(shape, PackedExp{}, out.data(), Source<float>(x, shape, shape));
      return out;
    });
  // The tail of a row goes through the same functions as its body.
  const std::vector<float> same(19, 0.7f);
  std::vector<float> out(19);
  transform({1, 19}, PackedExp{}, out.data(), Source<float>(same.data(), {1, 19}, {1, 19}));
  for (const float number : out) CHECK(number == out[0]);
}
