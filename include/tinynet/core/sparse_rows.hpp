// The nonzero bytes of a table, as lists: by row, and by column within tiles of rows.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
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

/// Lists of the nonzero bytes of an N x D table. A list by row holds (column << 8 | value); the rows are cut as a
/// training step cuts them (Partition, Tiles), and for each tile a list by column holds (row in the tile << 8 | value).
class SparseRows {
 public:
  static constexpr Index tile_rows = 240;  // a row in a tile is a byte; a tile's 32 floats a row fit the L1 cache
  static constexpr Index most_columns = Index{1} << 24;

  SparseRows(const std::uint8_t* data, Index rows, Index cols) : rows_(rows), cols_(cols) {
    const Partition partition(rows);
    std::vector<Index> tile_begin;
    for (Index part = 0; part < partition.parts(); ++part) {
      const Tiles tiles(partition.begin(part), partition.end(part), tile_rows);
      first_tile_.push_back(static_cast<Index>(tile_begin.size()));
      for (Index t = 0; t < tiles.count(); ++t) tile_begin.push_back(tiles.begin(t));
    }
    const auto tiles = static_cast<Index>(tile_begin.size());
    tile_begin.push_back(rows);

    // How many there are in each row gives where each list begins; the second pass fills them.
    row_begin_.assign(static_cast<std::size_t>(rows) + 1, 0);
    parallel_for(tiles, [&](Index tile, int) {
      for (Index r = tile_begin[at(tile)]; r < tile_begin[at(tile + 1)]; ++r) {
        std::uint32_t count = 0;
        for (Index c = 0; c < cols; ++c) count += data[r * cols + c] != 0;
        row_begin_[at(r + 1)] = count;
      }
    });
    for (Index r = 0; r < rows; ++r) row_begin_[at(r + 1)] += row_begin_[at(r)];
    by_row_.resize(row_begin_.back());
    by_column_.resize(row_begin_.back());
    column_begin_.resize(at(tiles * (cols + 1)));
    parallel_for(tiles, [&](Index tile, int) {
      fill_tile(data, tile_begin[at(tile)], tile_begin[at(tile + 1)], column_begin_.data() + tile * (cols + 1));
    });
  }

  /// The nonzero part of all bytes, 0 to 1.
  double density() const {
    const auto size = static_cast<double>(rows_) * static_cast<double>(cols_);
    return size == 0 ? 0 : static_cast<double>(by_row_.size()) / size;
  }

  std::span<const std::uint32_t> row(Index r) const {
    return {by_row_.data() + row_begin_[at(r)], by_row_.data() + row_begin_[at(r + 1)]};
  }

  /// The number of the first tile of a part.
  Index first_tile(Index part) const { return first_tile_[at(part)]; }
  std::span<const std::uint16_t> column(Index tile, Index c) const {
    const std::uint32_t* const begin = column_begin_.data() + tile * (cols_ + 1) + c;
    return {by_column_.data() + begin[0], by_column_.data() + begin[1]};
  }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  void fill_tile(const std::uint8_t* data, Index begin, Index end, std::uint32_t* column_begin) {
    std::fill_n(column_begin, cols_ + 1, 0u);
    for (Index r = begin; r < end; ++r) {
      std::uint32_t* to = by_row_.data() + row_begin_[at(r)];
      for (Index c = 0; c < cols_; ++c)
        if (const std::uint32_t value = data[r * cols_ + c]; value != 0) {
          *to++ = static_cast<std::uint32_t>(c) << 8 | value;
          ++column_begin[c + 1];
        }
    }
    column_begin[0] = row_begin_[at(begin)];
    for (Index c = 0; c < cols_; ++c) column_begin[c + 1] += column_begin[c];
    std::vector<std::uint32_t> next(column_begin, column_begin + cols_);
    for (Index r = begin; r < end; ++r)
      for (const std::uint32_t entry : row(r))
        by_column_[next[entry >> 8]++] = static_cast<std::uint16_t>((r - begin) << 8 | (entry & 0xFF));
  }

  Index rows_, cols_;
  std::vector<Index> first_tile_;
  std::vector<std::uint32_t> row_begin_, column_begin_;
  std::vector<std::uint32_t> by_row_;
  std::vector<std::uint16_t> by_column_;
};

/// The lists of a table that never changes, made when they are first asked for.
class SparseCache {
 public:
  const SparseRows& get(const std::uint8_t* data, Index rows, Index cols) const {
    std::call_once(made_, [&] { lists_ = std::make_unique<SparseRows>(data, rows, cols); });
    return *lists_;
  }

 private:
  mutable std::once_flag made_;
  mutable std::unique_ptr<SparseRows> lists_;
};

}  // namespace tinynet::detail
