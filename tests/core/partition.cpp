#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <tinynet/core/partition.hpp>
#include <vector>

using tinynet::Index;
using tinynet::detail::Partition;
using tinynet::detail::tree_sum;

namespace {

const std::vector<Index> row_counts{0, 1, 2, 127, 128, 255, 256, 257, 511, 1000, 1024, 3001, 60000, 60001, 10'000'000};

/// Numbers whose sum depends on the order of summation.
std::vector<float> awkward_numbers(std::size_t count) {
  std::vector<float> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = 1.0f / static_cast<float>(3 * i + 1) * (i % 3 == 0 ? -1e3f : 7);
  return numbers;
}

}  // namespace

TEST_CASE("the parts are a power of two, lie one after another, and are nearly equal") {
  for (const Index rows : row_counts) {
    CAPTURE(rows);
    const Partition partition(rows);
    CHECK(std::has_single_bit(static_cast<std::size_t>(partition.parts())));
    CHECK(partition.parts() <= Partition::most_parts);
    CHECK(partition.begin(0) == 0);
    CHECK(partition.end(partition.parts() - 1) == rows);
    for (Index part = 0; part < partition.parts(); ++part) {
      const Index size = partition.end(part) - partition.begin(part);
      CHECK(std::abs(size * partition.parts() - rows) < partition.parts());
      if (partition.parts() > 1) CHECK(size >= Partition::rows_per_part);
    }
  }
}

TEST_CASE("there are as many parts as are worth having") {
  static_assert(Partition(255).parts() == 1);
  static_assert(Partition(256).parts() == 2);
  static_assert(Partition(60000).parts() == 64);
  static_assert(Partition(10'000'000).parts() == 64);
  static_assert(Partition(10, 1).parts() == 8);
  CHECK(Partition(512).parts() == 4);
}

TEST_CASE("a half, a quarter and an eighth of the rows are whole subtrees") {
  for (const Index rows : row_counts) {
    const Partition partition(rows);
    for (const Index ranks : {2, 4, 8}) {
      if (partition.parts() < ranks) continue;
      CAPTURE(rows);
      CAPTURE(ranks);
      const Index parts = partition.parts() / ranks;
      std::vector<float> whole = awkward_numbers(static_cast<std::size_t>(partition.parts()));
      std::vector<float> sums;
      for (Index rank = 0; rank < ranks; ++rank) {
        CHECK(partition.begin(rank * parts) == rows * rank / ranks);
        std::vector<float> own(whole.begin() + rank * parts, whole.begin() + (rank + 1) * parts);
        tree_sum(own.data(), parts, 1, 0, 1);
        sums.push_back(own[0]);
      }
      tree_sum(sums.data(), ranks, 1, 0, 1);
      tree_sum(whole.data(), partition.parts(), 1, 0, 1);
      CHECK(sums[0] == whole[0]);
    }
  }
}

TEST_CASE("a tree sum adds neighbours, then pairs, and touches the elements asked for only") {
  std::vector<float> numbers{1e8f, 1, -1e8f, 1};  // one after another they give 1
  tree_sum(numbers.data(), 4, 1, 0, 1);
  CHECK(numbers[0] == 0);

  std::vector<int> vectors{1, 2, 3, 10, 20, 30};  // two vectors of three
  tree_sum(vectors.data(), 2, 3, 1, 2);
  CHECK(vectors == std::vector{1, 22, 3, 10, 20, 30});
}
