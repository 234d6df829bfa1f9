// Numbers on a device as tensors, and functions of a place that are called once for each.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <tinynet/cuda/tensor.hpp>
#include <utility>
#include <vector>

#include "emulated.hpp"

using namespace tinynet;
using detail::each;
using detail::tensor;

namespace {

template <class Number>
using There = detail::On<Number, test::Emulated>;

/// The square of i; counts how often it is asked for each.
struct CountedSquare {
  There<int>* calls;

  constexpr double operator()(Index i) const {
    ++calls[i].number;
    return static_cast<double>(i * i);
  }
};

struct RowAndColumn {
  constexpr double operator()(Index row, Index column) const { return static_cast<double>(10 * row + column); }
};

}  // namespace

TEST_CASE("tensors are row-major, lie where the numbers are, and cannot change what is read only") {
  There<float> numbers[6]{{0}, {1}, {2}, {3}, {4}, {5}};
  auto matrix = tensor<2>(numbers, 2, 3);
  CHECK(matrix(1, 0) == 3);
  CHECK(matrix(1, 2) == 5);
  matrix(0, 1) = 7;
  CHECK(numbers[1].number == 7);
  auto constant = tensor<1>(std::as_const(numbers), 6);
  CHECK(constant(1) == 7);
  static_assert(std::is_assignable_v<decltype(matrix(0, 0)), float>);
  static_assert(!std::is_assignable_v<decltype(constant(0)), float>);
}

TEST_CASE("a function of one number, for each once and for no others") {
  for (const Index count : {0, 1, 2, 3, 7, 8, 9, 1000, 100'003}) {
    CAPTURE(count);
    std::vector<There<int>> calls(static_cast<std::size_t>(count) + 1);
    std::vector<There<double>> out(calls.size(), There<double>{-1});
    each(out.data(), count, CountedSquare{calls.data()});
    bool once = true, right = true;
    for (Index i = 0; i < count; ++i) {
      once = once && calls[static_cast<std::size_t>(i)].number == 1;
      right = right && out[static_cast<std::size_t>(i)].number == static_cast<double>(i * i);
    }
    CHECK(once);
    CHECK(right);
    CHECK(calls.back().number == 0);
    CHECK(out.back().number == -1);
  }
}

TEST_CASE("a function of a row and a column") {
  There<double> numbers[12]{};
  auto matrix = tensor<2>(numbers, 3, 4);
  matrix = matrix.generate(detail::AtPlace<RowAndColumn>{});
  for (Index r = 0; r < 3; ++r)
    for (Index c = 0; c < 4; ++c) CHECK(numbers[r * 4 + c].number == static_cast<double>(10 * r + c));
}
