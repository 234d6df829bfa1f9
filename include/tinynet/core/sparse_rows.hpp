// The nonzero bytes of a table, as lists: by row, and by column within tiles of rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/threads.hpp>
#include <vector>

namespace tinynet::detail {

/// How the rows of a part are cut into tiles of nearly equal size, at most `most` rows each.
class Tiles {
 public:
  constexpr Tiles(Index begin, Index end, Index most)
      : begin_(begin), rows_(end - begin), count_(std::max<Index>(1, (rows_ + most - 1) / most)) {}
  constexpr Index count() const { return count_; }
  constexpr Index begin(Index tile) const { return begin_ + rows_ * tile / count_; }
  constexpr Index end(Index tile) const { return begin(tile + 1); }

 private:
  Index begin_, rows_, count_;
};

/// Row or column `number` without its zeros: value[i] at the place index[i]. The values may be read as far as `slack`
/// bytes behind the last.
template <class Place>
struct SparseList {
  static constexpr std::size_t slack = 64;

  const Place* index;
  const std::uint8_t* value;
  Index size;
  Index number;

  /// Has the processor fetch the list, which will soon be read.
  void prefetch() const {
#ifdef __GNUC__
    constexpr Index line = 64;  // bytes
    const auto fetch = [](const auto* from, Index bytes) {
      for (Index i = 0; i < bytes + line; i += line) __builtin_prefetch(reinterpret_cast<const char*>(from) + i);
    };
    fetch(index, size * static_cast<Index>(sizeof(Place)));
    fetch(value, size);
#endif
  }
};

/// The lists of many rows or columns, one after another.
template <class Place>
class SparseLists {
 public:
  SparseList<Place> list(std::size_t i, Index number) const {
    const std::size_t begin = begin_[i];
    return {index_.data() + begin, value_.data() + begin, static_cast<Index>(begin_[i + 1] - begin), number};
  }

  /// Where each list begins, and behind them the number of entries.
  std::vector<std::uint32_t>& begins() { return begin_; }
  std::size_t entries() const { return begin_.empty() ? 0 : begin_.back(); }
  void allocate(std::size_t entries) {
    index_.resize(entries);
    value_.resize(entries + SparseList<Place>::slack);
  }
  void set(std::size_t entry, Index index, std::uint8_t value) {
    index_[entry] = static_cast<Place>(index);
    value_[entry] = value;
  }

 private:
  std::vector<std::uint32_t> begin_;
  std::vector<Place> index_;
  std::vector<std::uint8_t> value_;
};

/// Lists of the nonzero bytes of an N x D table: one of each row, with the numbers of the columns; and the rows being
/// cut as a training step cuts them (Partition, Tiles), one of each column of each tile, with the numbers of the rows
/// in the tile. Those are in the order of their lengths: a loop over them mispredicts fewer branches.
class SparseRows {
 public:
  static constexpr Index tile_rows = 240;  // a row in a tile is a byte; a tile's 32 floats a row fit the L1 cache
  static constexpr Index most_columns = Index{1} << 16;
  static constexpr double most_density = 0.5;
  using Row = SparseList<std::uint16_t>;
  using Column = SparseList<std::uint8_t>;

  /// `worthwhile`: whether to make the lists, if that is not for the density of these rows to say.
  SparseRows(const std::uint8_t* data, Index cols, const Partition& partition,
             std::optional<bool> worthwhile = std::nullopt)
      : rows_(partition.rows()), cols_(cols), worthwhile_(worthwhile) {
    const Index rows = rows_;
    std::vector<Index> tile_begin;
    for (Index part = 0; part < partition.parts(); ++part) {
      const Tiles tiles(partition.begin(part), partition.end(part), tile_rows);
      first_tile_.push_back(static_cast<Index>(tile_begin.size()));
      for (Index t = 0; t < tiles.count(); ++t) tile_begin.push_back(tiles.begin(t));
    }
    const auto tiles = static_cast<Index>(tile_begin.size());
    tile_begin.push_back(rows);

    // How many there are in each row gives where each list begins; the second pass fills them.
    std::vector<std::uint32_t>& begin = by_row_.begins();
    begin.assign(at(rows + 1), 0);
    parallel_for(tiles, [&](Index tile, int) {
      for (Index r = tile_begin[at(tile)]; r < tile_begin[at(tile + 1)]; ++r) {
        std::uint32_t count = 0;
        for (Index c = 0; c < cols; ++c) count += data[r * cols + c] != 0;
        begin[at(r + 1)] = count;
      }
    });
    for (Index r = 0; r < rows; ++r) begin[at(r + 1)] += begin[at(r)];
    if (!this->worthwhile()) return;
    by_row_.allocate(begin.back());
    by_column_.begins().resize(at(tiles * cols + 1));
    by_column_.begins().back() = begin.back();
    by_column_.allocate(begin.back());
    column_.resize(at(tiles * cols));
    parallel_for(tiles, [&](Index tile, int) {
      fill_tile(data, tile_begin[at(tile)], tile_begin[at(tile + 1)], at(tile * cols));
    });
  }

  /// The nonzero part of all bytes, 0 to 1.
  double density() const { return density(static_cast<Index>(by_row_.entries()), rows_ * cols_); }
  static double density(Index nonzero, Index bytes) {
    return bytes == 0 ? 0 : static_cast<double>(nonzero) / static_cast<double>(bytes);
  }

  /// Whether there are so few that working with lists is quicker than without; else there are none.
  bool worthwhile() const { return worthwhile_.value_or(density() < most_density); }

  Row row(Index r) const { return by_row_.list(at(r), r); }
  /// The i-th list, 0 <= i < D, of the columns of a tile; tiles are numbered through all parts.
  Column column(Index tile, Index i) const {
    const std::size_t list = at(tile * cols_ + i);
    return by_column_.list(list, column_[list]);
  }
  /// The number of the first tile of a part.
  Index first_tile(Index part) const { return first_tile_[at(part)]; }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  // The lists of a tile's rows, and its columns' lists from number `first` on.
  void fill_tile(const std::uint8_t* data, Index begin, Index end, std::size_t first) {
    std::vector<std::uint32_t> size(at(cols_), 0), next(at(cols_));
    for (Index r = begin; r < end; ++r) {
      std::size_t entry = by_row_.begins()[at(r)];
      for (Index c = 0; c < cols_; ++c)
        if (const std::uint8_t value = data[r * cols_ + c]; value != 0) {
          by_row_.set(entry++, c, value);
          ++size[at(c)];
        }
    }
    std::uint16_t* const column = column_.data() + first;
    std::iota(column, column + cols_, std::uint16_t{0});
    // Not stable_sort, of which clang++ 19 warns with the library of g++ 12.
    std::sort(column, column + cols_,
              [&](std::uint16_t a, std::uint16_t b) { return size[a] != size[b] ? size[a] < size[b] : a < b; });
    std::uint32_t entry = by_row_.begins()[at(begin)];
    for (Index i = 0; i < cols_; ++i) {
      by_column_.begins()[first + at(i)] = next[column[i]] = entry;
      entry += size[column[i]];
    }
    for (Index r = begin; r < end; ++r) {
      const Row list = row(r);
      for (Index i = 0; i < list.size; ++i) by_column_.set(next[list.index[i]]++, r - begin, list.value[i]);
    }
  }

  Index rows_, cols_;
  std::optional<bool> worthwhile_;
  std::vector<Index> first_tile_;
  SparseLists<std::uint16_t> by_row_;
  SparseLists<std::uint8_t> by_column_;
  std::vector<std::uint16_t> column_;  // of each list by column
};

/// The lists of a table that never changes, made when they are first asked for.
class SparseCache {
 public:
  /// `worthwhile`: see SparseRows.
  explicit SparseCache(std::optional<bool> worthwhile = std::nullopt) : worthwhile_(worthwhile) {}

  const SparseRows& get(const std::uint8_t* data, Index cols, const Partition& partition) const {
    std::call_once(made_, [&] { lists_ = std::make_unique<SparseRows>(data, cols, partition, worthwhile_); });
    return *lists_;
  }

 private:
  std::optional<bool> worthwhile_;
  mutable std::once_flag made_;
  mutable std::unique_ptr<SparseRows> lists_;
};

}  // namespace tinynet::detail
