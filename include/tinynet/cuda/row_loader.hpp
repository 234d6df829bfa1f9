// Brings rows of the table into the shared memory of a block, while it works on those before.
#pragma once

#include <algorithm>
#include <tinynet/cuda/step_tiles.hpp>

namespace tinynet::detail::gpu {

/// The rows of a table, `stride` numbers apart, or those that `selection` names if it is not null.
template <class Block, class Plan>
class RowLoader {
  using Number = typename Plan::Number;
  struct alignas(16) Piece {
    Number number[16 / sizeof(Number)];
  };

 public:
  TINYNET_DEVICE RowLoader(const Number* table, std::int64_t stride, const std::int64_t* selection)
      : table_(table), stride_(stride), selection_(selection) {}

  TINYNET_DEVICE std::int64_t table_row(std::int64_t row) const {
    return selection_ == nullptr ? row : selection_[row];
  }

  /// Begins to bring a tile's rows, and zeros for those that its last fragment has too many: the part of one warp. They
  /// are there after wait_for_copies().
  TINYNET_DEVICE void load(const typename Block::Warp& warp, const StepTiles<Plan>& tiles, std::int64_t begin,
                           int rows) const {
    if constexpr (Plan::Net::in[0] * sizeof(Number) % sizeof(Piece) == 0) {
      const auto address = reinterpret_cast<std::uintptr_t>(table_);
      const auto step = static_cast<std::uintptr_t>(stride_) * sizeof(Number);
      if ((address | step) % sizeof(Piece) == 0) return copy<Piece>(warp, tiles, begin, rows);
    }
    copy<Number>(warp, tiles, begin, rows);
  }

 private:
  template <class Unit>
  TINYNET_DEVICE void copy(const typename Block::Warp& warp, const StepTiles<Plan>& tiles, std::int64_t begin,
                           int rows) const {
    constexpr int size = sizeof(Unit) / sizeof(Number), units = Plan::Net::in[0] / size;
    const auto each_unit = [&](const auto& f) {
      warp.each_lane([&](int lane) {
        for (int i = lane; i < units; i += warp_size) f(i * size);
      });
    };
    TINYNET_KEEP_LOOP
    for (int row = warp.number(); row < rows; row += Plan::warps) {
      const Number* const from = table_ + table_row(begin + row) * stride_;
      Number* const to = tiles.next_input(row);
      each_unit([&](int i) {
        if constexpr (std::is_same_v<Unit, Piece>)
          Block::copy_16_bytes(to + i, from + i);
        else
          to[i] = from[i];
      });
    }
    TINYNET_KEEP_LOOP
    for (int row = rows + warp.number(); row < round_up(rows, fragment_rows); row += Plan::warps)
      each_unit([&](int i) { *reinterpret_cast<Unit*>(tiles.next_input(row) + i) = Unit{}; });
  }

  const Number* table_;
  std::int64_t stride_;
  const std::int64_t* selection_;
};

}  // namespace tinynet::detail::gpu
