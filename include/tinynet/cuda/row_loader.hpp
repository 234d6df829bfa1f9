// Brings rows of the table into the shared memory of a block, while it works on those before.
#pragma once

#include <algorithm>
#include <tinynet/cuda/step_tiles.hpp>

namespace tinynet::detail::gpu {

/// The rows of a table, `stride` numbers apart, or those that `selection` names if it is not null.
template <class Block, class Plan>
class RowLoader {
  using Number = typename Plan::Number;
  // What can be copied at once.
  static constexpr int piece = 16, row_bytes = Plan::Net::in[0] * static_cast<int>(sizeof(Number));
  static_assert(Plan::tile_rows <= Plan::threads);

 public:
  TINYNET_DEVICE RowLoader(const Number* table, std::int64_t stride, const std::int64_t* selection)
      : table_(table), stride_(stride), selection_(selection) {}

  TINYNET_DEVICE std::int64_t table_row(std::int64_t row) const {
    return selection_ == nullptr ? row : selection_[row];
  }

  /// Begins to bring a tile's rows, and zeros for those that its last fragment has too many: the part of one warp. They
  /// are there after wait_for_copies().
  TINYNET_DEVICE void load(const Block& block, const typename Block::Warp& warp, const StepTiles<Plan>& tiles,
                           std::int64_t begin, int rows) const {
    const auto from = [&](int row) { return table_ + table_row(begin + row) * stride_; };
    const auto to = [&](int row) { return tiles.next_input(row); };
    constexpr bool can_copy = row_bytes % piece == 0;
    const auto start = reinterpret_cast<std::uintptr_t>(table_), step = static_cast<std::uintptr_t>(stride_);
    const bool copied = can_copy && (start | step * sizeof(Number)) % piece == 0;
    const auto put = [&](int first, int end, const auto& number) {
      TINYNET_KEEP_LOOP
      for (int row = first + warp.number(); row < end; row += Plan::warps)
        warp.each_lane([&](int lane) {
          for (int i = lane; i < Plan::Net::in[0]; i += warp_size) to(row)[i] = number(row, i);
        });
    };
    if (copied) {
      block.template copy_rows<can_copy ? row_bytes : piece>(warp, rows, to, from);
    } else {
      block.template copy_rows<piece>(warp, 0, to, from);  // which counts as this load's
      put(0, rows, [&](int row, int i) { return from(row)[i]; });
    }
    put(rows, round_up(rows, fragment_rows), [](int, int) { return Number(0); });
  }

 private:
  const Number* table_;
  std::int64_t stride_;
  const std::int64_t* selection_;
};

}  // namespace tinynet::detail::gpu
