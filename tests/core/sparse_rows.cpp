// The lists of nonzero bytes against a search of the table.
#include <doctest/doctest.h>

#include <tinynet/core/random.hpp>
#include <tinynet/core/sparse_rows.hpp>
#include <utility>
#include <vector>

using tinynet::Index;
using tinynet::detail::Partition;
using tinynet::detail::SparseRows;
using tinynet::detail::Tiles;

namespace {

std::vector<std::uint8_t> random_table(Index rows, Index cols, std::uint64_t one_in) {
  tinynet::Generator generator{tinynet::Seed{7}};
  std::vector<std::uint8_t> table(static_cast<std::size_t>(rows * cols));
  for (auto& byte : table) byte = generator.below(one_in) == 0 ? static_cast<std::uint8_t>(generator.below(256)) : 0;
  return table;
}

}  // namespace

TEST_CASE("the lists by row and by column hold exactly the nonzero bytes, in order") {
  using Entries = std::vector<std::pair<Index, int>>;
  const auto entries = [](const auto& list) {
    Entries found;
    for (Index i = 0; i < list.size; ++i) found.emplace_back(list.index[i], list.value[i]);
    return found;
  };
  for (const Index rows : {1, 2, 240, 241, 1000}) {
    const Index cols = 300;  // column numbers beyond a byte
    const auto table = random_table(rows, cols, 5);
    const SparseRows lists(table.data(), cols, Partition(rows));
    const auto byte = [&](Index r, Index c) { return table[static_cast<std::size_t>(r * cols + c)]; };
    std::size_t nonzero = 0;
    for (Index r = 0; r < rows; ++r) {
      Entries expected;
      for (Index c = 0; c < cols; ++c)
        if (byte(r, c) != 0) expected.emplace_back(c, byte(r, c));
      nonzero += expected.size();
      CHECK(entries(lists.row(r)) == expected);
      CHECK(lists.row(r).number == r);
    }
    CHECK(lists.density() == doctest::Approx(static_cast<double>(nonzero) / static_cast<double>(rows * cols)));

    const Partition partition(rows);
    for (Index part = 0; part < partition.parts(); ++part) {
      const Tiles tiles(partition.begin(part), partition.end(part), SparseRows::tile_rows);
      for (Index t = 0; t < tiles.count(); ++t) {
        std::vector<bool> seen(static_cast<std::size_t>(cols), false);
        Index size = 0;
        for (Index i = 0; i < cols; ++i) {
          const auto list = lists.column(lists.first_tile(part) + t, i);
          Entries expected;
          for (Index r = tiles.begin(t); r < tiles.end(t); ++r)
            if (byte(r, list.number) != 0) expected.emplace_back(r - tiles.begin(t), byte(r, list.number));
          CHECK(entries(list) == expected);
          CHECK(list.size >= size);  // in the order of their lengths
          size = list.size;
          seen[static_cast<std::size_t>(list.number)] = true;
        }
        CHECK(seen == std::vector<bool>(static_cast<std::size_t>(cols), true));
      }
    }
  }
}

TEST_CASE("tables of zeros alone and of no zeros") {
  const std::vector<std::uint8_t> zeros(600, 0), ones(600, 1);
  CHECK(SparseRows(zeros.data(), 30, Partition(20)).density() == 0);
  CHECK(SparseRows(zeros.data(), 30, Partition(20)).worthwhile());
  CHECK(SparseRows(ones.data(), 30, Partition(20)).density() == 1);
  CHECK_FALSE(SparseRows(ones.data(), 30, Partition(20)).worthwhile());
}

TEST_CASE("tiles cover the rows in order, none larger than allowed") {
  for (const Index end : {5, 244, 245, 246, 944, 1000}) {
    const Tiles tiles(5, end, 240);
    Index row = 5;
    for (Index t = 0; t < tiles.count(); ++t) {
      CHECK(tiles.begin(t) == row);
      CHECK(tiles.end(t) - tiles.begin(t) <= 240);
      row = tiles.end(t);
    }
    CHECK(row == end);
  }
}

TEST_CASE("a cache makes the lists once") {
  const std::vector<std::uint8_t> table(600, 3);
  const tinynet::detail::SparseCache cache;
  const SparseRows& lists = cache.get(table.data(), 30, Partition(20));
  CHECK(&cache.get(table.data(), 30, Partition(20)) == &lists);
}
