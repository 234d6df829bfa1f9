#include <tinynet/dist/all_sum.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "thread_ranks.hpp"

using tinynet::Index;

namespace {

/// Number i of a process; sums of several depend on the order.
float number(Index rank, Index i) {
  return static_cast<float>(std::ldexp(std::sin(static_cast<double>(37 * rank + i)), static_cast<int>(rank % 5) * 3));
}

}  // namespace

TEST_CASE("all_sum: the same bits on every process, and those of tree_sum") {
  constexpr Index count = 100;
  for (const Index size : {1, 2, 3, 4, 5, 7, 8, 11, 16}) {
    CAPTURE(size);
    const auto all = dist_tests::in_each(size, [&](const auto& ranks) {
      std::vector<float> numbers;
      for (Index i = 0; i < count; ++i) numbers.push_back(number(ranks.rank(), i));
      std::vector<double> totals{static_cast<double>(ranks.rank()), 1e-9 * std::sin(static_cast<double>(ranks.rank()))};
      ranks.sum(numbers, totals);
      return std::pair(numbers, totals);
    });
    for (const auto& one : all) CHECK(one == all.front());
    // Of as many parts as the next power of two, those that are not there being 0.
    Index parts = 1;
    while (parts < size) parts *= 2;
    std::vector<float> tree;
    for (Index rank = 0; rank < parts; ++rank)
      for (Index i = 0; i < count; ++i) tree.push_back(rank < size ? number(rank, i) : 0.0f);
    tinynet::detail::tree_sum(tree.data(), parts, count, 0, count);
    tree.resize(count);
    CHECK(all.front().first == tree);
    CHECK(all.front().second[0] == static_cast<double>(size * (size - 1) / 2));
  }
}

TEST_CASE("all_sum: nothing, numbers alone, totals alone, double") {
  const auto all = dist_tests::in_each(3, [](const auto& ranks) {
    std::vector<double> numbers{1, 0.1}, totals{2};
    ranks.sum(std::span<double>(), std::span<double>());
    ranks.sum(numbers, std::span<double>());
    ranks.sum(std::span<float>(), totals);
    return std::pair(numbers, totals);
  });
  for (const auto& one : all) {
    CHECK(one.first[0] == 3);
    CHECK(one.first[1] == (0.1 + 0.1) + 0.1);
    CHECK(one.second[0] == 6);
  }
}
