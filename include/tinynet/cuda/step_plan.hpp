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
/// The same as an argument, whose value is part of its type.
template <Division>
struct Divided {};

/// The plan for a net, rows of Number, all else computed in Scalar, `TileRows` (a multiple of 16) rows at a time.
template <class Net_, class Scalar_, class Number_, int TileRows>
struct StepPlan {
  using Net = Net_;
  using Scalar = Scalar_;
  using Number = Number_;
  /// Tiles are high where there is much shared memory; then some of it goes into speed.
  static constexpr bool has_room = TileRows == 64;
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
  /// The same for the parts of a sum that gives the outputs of layer l.
  static constexpr int slice_stride(int l) { return round_up(out(l), fragment_columns) + 4; }

  /// How the first layer is computed from rows of bytes if the warps hold its weights in registers: each the same
  /// columns, and of the inputs every `slices`-th fragment, for all rows. No slices: they do not.
  static constexpr Division held() {
    constexpr int most_bytes = 448;  // of the 1020 that a lane has
    const int depth = columns(0) / fragment_depth, across = divide_up(out(0), fragment_columns);
    const int beside = divide_up(across, std::min(2, across));
    if (sizeof(Number) > 1 || depth < warps || warps % beside != 0) return {};
    const Division d{has_room ? 2 : 1, std::min(2, across), warps / beside};
    const int bytes = divide_up(depth, d.slices) * d.columns * 4 * static_cast<int>(sizeof(Scalar));
    return bytes <= most_bytes ? d : Division{};
  }
  static constexpr bool holds_weights() { return held().slices > 0; }
  /// How many pieces a warp holds of each column; the last of them lie in shared memory, so that there are registers
  /// left to load ahead.
  static constexpr int held_pieces() {
    return holds_weights() ? divide_up(columns(0) / fragment_depth, held().slices) : 0;
  }
  static constexpr int pieces_in_shared = held_pieces() > 8 ? (has_room ? 2 : 3) : 0;

  /// y of layer l, as fragments of 16 rows and 8 columns summed over the inputs.
  static constexpr Division forward(int l) {
    if (l == 0 && holds_weights()) return held();
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
    const int width = down * across <= warps ? 1 : std::min(l == 0 && holds_weights() ? 2 : 4, across);
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

  /// How many warps do together what concerns rows after the first layer's products: all, or where the layers are
  /// narrow two for 16 rows, since then barriers of all would take longer.
  static constexpr int team_warps() {
    constexpr int widest = 32, groups = tile_rows / fragment_rows;
    return *std::max_element(Net::out.begin(), Net::out.end()) <= widest && has_room ? warps / groups : warps;
  }
  /// Bytes come while those of the tile before are worked on.
  static constexpr int input_buffers = sizeof(Number) == 1 && has_room ? 2 : 1;
  static constexpr int input_bytes() { return tile_rows * stride(0) * static_cast<int>(sizeof(Number)); }

  /// Whether the other layers' weights are in shared memory as the products need them: where they are few.
  static constexpr bool shares_weights() {
    constexpr int most_bytes = 24 << 10;
    int bytes = 0;
    for (int l = 1; l < layers; ++l) bytes += operand_bytes(l, false) + operand_bytes(l, true);
    return has_room && bytes <= most_bytes;
  }
  /// Those of layer l for the products on the way forward or backward: how many fragments there are side by side.
  static constexpr int operands_across(int l, bool backward) {
    return backward ? round_up(divide_up(Net::in[static_cast<std::size_t>(l)], fragment_columns),
                               StepPlan::backward(l).columns)
                    : round_up(divide_up(out(l), fragment_columns), forward(l).columns);
  }

  // Shared memory: what the block's copies need, the number of the first row, the losses of the rows, the tiles, their
  // gradients, the weights as operands, and the parts of the sums that are divided.
  static constexpr int losses_begin = 32;
  static constexpr int tile_begin(int l) {
    int begin = losses_begin + tile_rows * static_cast<int>(sizeof(double));
    for (int i = 0; i < l; ++i) begin += i == 0 ? input_buffers * input_bytes() : tile_bytes(stride(i));
    return begin;
  }
  static constexpr int delta_begin(int l) {
    int begin = tile_begin(layers + 1);
    for (int i = 0; i < l; ++i) begin += tile_bytes(delta_stride(i));
    return begin;
  }
  static constexpr int operands_begin(int l, bool backward) {
    const auto bytes = [](int i, bool back) { return shares_weights() ? operand_bytes(i, back) : 0; };
    int begin = delta_begin(layers);
    for (int i = 1; i < l; ++i) begin += bytes(i, false) + bytes(i, true);
    return backward ? begin + bytes(l, false) : begin;
  }
  static constexpr int held_begin() { return operands_begin(layers, false); }
  static constexpr int slices_begin() {
    return held_begin() + pieces_in_shared * held().columns * threads * 4 * static_cast<int>(sizeof(Scalar));
  }
  static constexpr int shared_bytes() {
    int most = 0;
    for (int l = 0; l < layers; ++l) {
      const int slices = forward(l).slices;
      const int bytes = slices == 1 ? 0 : slices * tile_bytes(slice_stride(l));
      most = std::max(most, bytes);
    }
    return slices_begin() + most;
  }

 private:
  static constexpr int operand_bytes(int l, bool backward) {
    const int depth = divide_up(backward ? out(l) : columns(l), fragment_depth);
    return depth * operands_across(l, backward) * warp_size * largest_operand;
  }
  static constexpr int largest_operand = 6 * static_cast<int>(sizeof(Scalar));  // three terms of four floats
  static constexpr int tile_bytes(int stride) { return tile_rows * stride * static_cast<int>(sizeof(Scalar)); }

  // Where a warp needs the same columns for all its sums, and as long as there are registers.
  static constexpr bool can_keep(int l, int kept) {
    constexpr int most_bytes = has_room ? 512 : 416;  // of the 1020 that a lane has
    const Division d = gradient(l);
    return (d.rows == 1 || warps % divide_up(divide_up(out(l), fragment_columns), d.columns) == 0) &&
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
