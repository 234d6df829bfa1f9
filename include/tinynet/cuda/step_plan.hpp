// What of a fused step is known when it is compiled: where its tiles lie in shared memory, and how each matrix product
// is divided among the warps of a block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tinynet/cuda/fragment.hpp>
#include <tinynet/cuda/layer_list.hpp>

namespace tinynet::detail::gpu {

constexpr int divide_up(int n, int by) { return (n + by - 1) / by; }
constexpr int round_up(int n, int to) { return divide_up(n, to) * to; }

/// How a product is divided. A warp has `rows` x `columns` fragments of it at a time, so that what it reads serves
/// several times; where there are few of them and much to sum, the sum is divided into `slices` too.
struct Division {
  int rows, columns, slices;
};

/// The plan for a net, rows of Number, all else computed in Scalar, `TileRows` (a multiple of 16) rows at a time.
template <class Net_, class Scalar_, class Number_, int TileRows>
struct StepPlan {
  using Net = Net_;
  using Scalar = Scalar_;
  using Number = Number_;
  static constexpr int layers = Net::size, warps = 8, threads = warps * warp_size, tile_rows = TileRows;

  /// The columns of tile l: the inputs of layer l, or for l = layers the outputs of the last, in whole fragments.
  static constexpr int columns(int l) {
    return round_up(l < layers ? Net::inputs[static_cast<std::size_t>(l)] : Net::out.back(), fragment_depth);
  }
  static constexpr int out(int l) { return Net::out[static_cast<std::size_t>(l)]; }

  /// From one row of tile l to the next, in numbers. The distances are such that neither the lanes that read rows nor
  /// those that read columns of a fragment meet in one of the memory's 32 banks.
  static constexpr int stride(int l) {
    return l == 0 && sizeof(Number) == 1 ? columns(0) + (columns(0) % 32 == 0 ? 16 : 32) : columns(l) + 8;
  }
  /// The same for the gradient by the outputs of layer l, before its function.
  static constexpr int delta_stride(int l) { return round_up(out(l), fragment_depth) + 8; }

  /// y of layer l, as fragments of 16 rows and 8 columns summed over the inputs.
  static constexpr Division forward(int l) {
    const int depth = columns(l) / fragment_depth, across = divide_up(out(l), fragment_columns);
    if (depth < 8) return {1, std::min(2, across), 1};
    const Division d{std::min(2, tile_rows / fragment_rows), std::min(4, across), 1};
    const int shares = tile_rows / fragment_rows / d.rows * divide_up(across, d.columns);
    return {d.rows, d.columns, shares >= warps ? 1 : std::min(warps / shares, depth / 4)};
  }
  /// The gradient by the inputs of layer l.
  static constexpr Division backward(int l) {
    return {1, std::min(2, divide_up(Net::in[static_cast<std::size_t>(l)], fragment_columns)), 1};
  }
  /// The weights' gradient of layer l, as fragments of 16 inputs and 8 outputs summed over the rows: `rows` is how many
  /// fragments below each other a warp has in all, `warps` apart.
  static constexpr Division gradient(int l) {
    const int down = columns(l) / fragment_rows, across = divide_up(out(l), fragment_columns);
    const int width = down * across <= warps ? 1 : std::min(4, across);
    return {divide_up(down * divide_up(across, width), warps), width, 1};
  }

  /// How many fragments of the layers before l are kept in a warp's registers from tile to tile.
  static constexpr int kept_before(int l) {
    int kept = 0;
    for (int i = 0; i < l; ++i)
      if (const Division d = gradient(i); can_keep(i, kept)) kept += d.rows * d.columns;
    return kept;
  }
  /// Whether layer l's are.
  static constexpr bool keeps(int l) { return can_keep(l, kept_before(l)); }

  // Shared memory: the losses of the rows, the tiles, their gradients, and the parts of the sums that are divided.
  static constexpr int tile_begin(int l) {
    int begin = tile_rows * static_cast<int>(sizeof(double));
    for (int i = 0; i < l; ++i)
      begin += tile_rows * stride(i) * static_cast<int>(i == 0 ? sizeof(Number) : sizeof(Scalar));
    return begin;
  }
  static constexpr int delta_begin(int l) {
    int begin = tile_begin(layers + 1);
    for (int i = 0; i < l; ++i) begin += tile_rows * delta_stride(i) * static_cast<int>(sizeof(Scalar));
    return begin;
  }
  static constexpr int slices_begin() { return delta_begin(layers); }
  static constexpr int shared_bytes() {
    int most = 0;
    for (int l = 0; l < layers; ++l) {
      const int slices = forward(l).slices;
      const int bytes = slices == 1 ? 0 : slices * tile_rows * delta_stride(l) * static_cast<int>(sizeof(Scalar));
      most = std::max(most, bytes);
    }
    return slices_begin() + most;
  }

 private:
  // Where a warp needs the same columns for all its sums, and as long as there are registers.
  static constexpr bool can_keep(int l, int kept) {
    constexpr int most_bytes = 512;  // of the 1020 that a lane has
    const Division d = gradient(l);
    return (d.rows == 1 || divide_up(out(l), fragment_columns) == d.columns) &&
           (kept + d.rows * d.columns) * static_cast<int>(sizeof(Sums<Scalar>)) <= most_bytes;
  }
};

/// How many rows a tile can have if a block has so much shared memory, or 0 if none: the net does not fit.
template <class Net, class Scalar, class Number>
constexpr int largest_tile(int shared_bytes) {
  if (StepPlan<Net, Scalar, Number, 64>::shared_bytes() <= shared_bytes) return 64;
  if (StepPlan<Net, Scalar, Number, 32>::shared_bytes() <= shared_bytes) return 32;
  if (StepPlan<Net, Scalar, Number, 16>::shared_bytes() <= shared_bytes) return 16;
  return 0;
}

/// Whether a net can have a fused step on GPUs that give a block so much shared memory: 64 KB on sm_75, 99 KB on
/// sm_86, 89 and 120, 163 KB on sm_80, 227 KB on sm_90 and 100.
template <class Net, class Scalar, class Number, int SharedBytes>
inline constexpr bool fits = largest_tile<Net, Scalar, Number>(SharedBytes) > 0;

/// How many rows are divided among blocks, whatever GPU they run on: this fixes the order of all sums over rows.
class Parts {
 public:
  /// An H100 and an H200 have as many multiprocessors.
  static constexpr int most = 132;

  explicit constexpr Parts(std::int64_t rows) : rows_(rows), groups_((rows + fragment_rows - 1) / fragment_rows) {
    count_ = groups_ < 2 ? 1 : groups_ / 2 < most ? static_cast<int>(groups_ / 2) : most;
  }

  constexpr int count() const { return count_; }
  /// The first row of a part: a multiple of 16, so that only the last part has a fragment with less.
  constexpr std::int64_t begin(int part) const {
    const std::int64_t row = groups_ * part / count_ * fragment_rows;
    return row < rows_ ? row : rows_;
  }
  constexpr std::int64_t end(int part) const { return begin(part + 1); }

 private:
  std::int64_t rows_, groups_;
  int count_ = 1;
};

}  // namespace tinynet::detail::gpu
