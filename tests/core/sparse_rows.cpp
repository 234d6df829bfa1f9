// The lists of nonzero bytes against a search of the table.
#include <doctest/doctest.h>

#include <tinynet/core/random.hpp>
#include <tinynet/core/sparse_rows.hpp>
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
  for (const Index rows : {1, 2, 240, 241, 1000}) {
    const Index cols = 300;  // column numbers beyond a byte
    const auto table = random_table(rows, cols, 5);
    const SparseRows lists(table.data(), rows, cols);
    Index nonzero = 0;
    for (Index r = 0; r < rows; ++r) {
      std::vector<std::uint32_t> expected;
      for (Index c = 0; c < cols; ++c)
        if (const std::uint32_t value = table[static_cast<std::size_t>(r * cols + c)]; value != 0)
          expected.push_back(static_cast<std::uint32_t>(c) << 8 | value);
      nonzero += static_cast<Index>(expected.size());
      CHECK(std::vector<std::uint32_t>(lists.row(r).begin(), lists.row(r).end()) == expected);
    }
    CHECK(lists.density() == doctest::Approx(static_cast<double>(nonzero) / static_cast<double>(rows * cols)));

    const Partition partition(rows);
    for (Index part = 0; part < partition.parts(); ++part) {
      const Tiles tiles(partition.begin(part), partition.end(part), SparseRows::tile_rows);
      for (Index t = 0; t < tiles.count(); ++t)
        for (Index c = 0; c < cols; ++c) {
          std::vector<std::uint16_t> expected;
          for (Index r = tiles.begin(t); r < tiles.end(t); ++r)
            if (const unsigned value = table[static_cast<std::size_t>(r * cols + c)]; value != 0)
              expected.push_back(static_cast<std::uint16_t>(static_cast<unsigned>(r - tiles.begin(t)) << 8 | value));
          const auto found = lists.column(lists.first_tile(part) + t, c);
          CHECK(std::vector<std::uint16_t>(found.begin(), found.end()) == expected);
        }
    }
  }
}

TEST_CASE("tables of zeros alone and of no zeros") {
  const std::vector<std::uint8_t> zeros(600, 0), ones(600, 1);
  CHECK(SparseRows(zeros.data(), 20, 30).density() == 0);
  CHECK(SparseRows(ones.data(), 20, 30).density() == 1);
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
  const SparseRows& lists = cache.get(table.data(), 20, 30);
  CHECK(&cache.get(table.data(), 20, 30) == &lists);
}
