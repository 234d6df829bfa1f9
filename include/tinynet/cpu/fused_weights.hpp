// A chain of linear layers and elementwise activations as the fused step sees it: functions of whole tiles, and the
// weights in the layouts that its loops read and write.
#pragma once

#include <array>
#include <span>
#include <tinynet/core/pool.hpp>
#include <tinynet/cpu/kernels.hpp>
#include <tinynet/cpu/transform.hpp>
#include <tinynet/cpu/transpose.hpp>

namespace tinynet::detail {

/// An elementwise function applied to whole tiles. `forward` turns x into y = f(x) (in the same place if keeps_input is
/// false), `backward` multiplies dy by f'(x, y). Without functions it is the identity.
template <class Scalar>
struct TileFunction {
  const void* function = nullptr;
  void (*forward)(const void* function, Index count, const Scalar* x, Scalar* y) = nullptr;
  void (*backward)(const void* function, Index count, const Scalar* x, const Scalar* y, Scalar* dy) = nullptr;
  bool keeps_input = false;

  TileFunction() = default;

  /// `f` must outlive this.
  template <class F>
  explicit TileFunction(const F& f) : function(&f), keeps_input(!derivative_from_output<F>) {
    using P = Pack<Scalar>;  // counts are multiples of its size
    forward = [](const void* g, Index count, const Scalar* x, Scalar* y) {
      for (Index i = 0; i < count; i += P::size) (*static_cast<const F*>(g))(P::load(x + i)).store(y + i);
    };
    backward = [](const void* g, Index count, const Scalar* x, const Scalar* y, Scalar* dy) {
      for (Index i = 0; i < count; i += P::size)
        (P::load(dy + i) * static_cast<const F*>(g)->derivative(P::load(x + i), P::load(y + i))).store(dy + i);
    };
  }
};

/// y = f(x W^T + b): W [out, in] row-major and b [out] or null, where the net keeps them, and their gradients, which
/// the step's are added to.
template <class Scalar>
struct Stage {
  Index in, out;
  const Scalar* weight;
  const Scalar* bias;
  TileFunction<Scalar> function;
  Scalar* weight_gradient = nullptr;
  Scalar* bias_gradient = nullptr;

  Index columns() const { return padded<Scalar>(out); }  // of a tile, and of W^T
};

inline constexpr Index most_fused_stages = 16;

/// The weights of all stages, copied: W^T [in, columns] for the way forward, the layout of its gradient too, W [out,
/// padded in] for the way back, and the biases. The units of the first stage may stand in another order.
///
/// The padding of W^T and of the biases is the first unit once more, so that the activations get no number that they do
/// not get anyway; in the first stage it is 0 and 1, see recompute_cancelled.
template <class Scalar>
class FusedWeights {
  using P = Pack<Scalar>;

  // Where each stage's piece of an array begins, and the array's size behind the last.
  struct Offsets {
    std::array<Index, most_fused_stages + 1> begin{};
    Index total = 0;
    Index operator[](Index stage) const { return begin[static_cast<std::size_t>(stage)]; }
  };

 public:
  /// Still without the numbers.
  explicit FusedWeights(std::span<const Stage<Scalar>> stages)
      : stages_(stages),
        transposed_(offsets([](const auto& s) { return s.in * s.columns(); })),
        straight_(offsets([](const auto& s) { return s.out * padded<Scalar>(s.in); })),
        columns_(offsets([](const auto& s) { return s.columns(); })),
        transposed_weights_(transposed_.total),
        straight_weights_(straight_.total),
        biases_(columns_.total),
        order_(stages[0].out) {}

  /// Takes the numbers over, in the net's own order.
  void load() {
    for (Index j = 0; j < stage(0).out; ++j) order_[j] = j;
    for (Index l = 0; l < count(); ++l) pack(l);
  }

  Index count() const { return static_cast<Index>(stages_.size()); }
  const Stage<Scalar>& stage(Index l) const { return stages_[static_cast<std::size_t>(l)]; }
  /// Where stage l's part of the gradient begins, and how long all is.
  Index gradient_begin(Index l) const { return transposed_[l]; }
  Index gradient_size() const { return transposed_.total; }
  /// The same for arrays of one row of each stage.
  Index columns_begin(Index l) const { return columns_[l]; }
  Index columns_size() const { return columns_.total; }

  Tile<const Scalar> transposed(Index l) const {
    return {transposed_weights_.data() + transposed_[l], stage(l).columns()};
  }
  Tile<const Scalar> straight(Index l) const {
    return {straight_weights_.data() + straight_[l], padded<Scalar>(stage(l).in)};
  }
  Tile<const Scalar> bias(Index l) const { return {biases_.data() + columns_[l], 0}; }

  /// The unit of the first stage in place j.
  Index unit(Index j) const { return order_[j]; }

  /// Puts the units of the first stage, not the only one, in the order of descending numbers.
  void order_first_stage(const double* number) {
    // Not stable_sort, which asks the heap for memory.
    std::sort(order_.data(), order_.data() + stage(0).out,
              [number](Index a, Index b) { return number[a] != number[b] ? number[a] > number[b] : a < b; });
    pack(0);
    pack(1);
  }

  /// Adds `factor` times stage l's gradient, which lies in the layout of the transposed weights, to where the stage
  /// says.
  void add_gradient(Index l, Scalar factor, const Scalar* weight_gradient, const double* bias_gradient) const {
    const Stage<Scalar>& s = stage(l);
    transpose<Scalar>(  // whole packs, since reading a part of one is slow
        s.in, s.columns(), [&](Index k) { return weight_gradient + k * s.columns(); },
        [&](Index j, Index k, P numbers) {
          if (j >= s.out) return;
          Scalar* const row = s.weight_gradient + output(l, j) * s.in;
          if (l != 1 && k + P::size <= s.in) {
            math::multiply_add(P(factor), numbers, P::load(row + k)).store(row + k);
          } else {
            alignas(64) Scalar number[P::size];
            numbers.store(number);
            for (Index i = 0; i < std::min(P::size, s.in - k); ++i) row[input(l, k + i)] += factor * number[i];
          }
        });
    if (s.bias_gradient != nullptr)
      for (Index j = 0; j < s.out; ++j) s.bias_gradient[output(l, j)] += factor * static_cast<Scalar>(bias_gradient[j]);
  }

 private:
  template <class Size>
  Offsets offsets(const Size& size) const {
    Offsets o;
    for (std::size_t l = 0; l < stages_.size(); ++l) {
      o.begin[l] = o.total;
      o.total += size(stages_[l]);
    }
    return o;
  }

  // The output of stage l in place j, and its input in place k.
  Index output(Index l, Index j) const { return l == 0 ? order_[j] : j; }
  Index input(Index l, Index k) const { return l == 1 ? order_[k] : k; }

  void pack(Index l) {
    const Stage<Scalar>& s = stage(l);
    const Index columns = s.columns(), width = padded<Scalar>(s.in);
    Scalar *const wt = transposed_weights_.data() + transposed_[l], *const b = biases_.data() + columns_[l];
    for (Index j = 0; j < columns; ++j)
      b[j] = l == 0 && j >= s.out ? Scalar(1) : s.bias != nullptr ? s.bias[output(l, j < s.out ? j : 0)] : Scalar(0);
    const auto put = [&](Index k, Index j, P numbers) {
      if (k < s.in) numbers.store(wt + k * columns + j);
    };
    if (l == 0)
      return transpose<Scalar>(
          s.out, s.in, [&](Index j) { return s.weight + order_[j] * s.in; }, put);
    Scalar* const w = straight_weights_.data() + straight_[l];
    for (Index j = 0; j < s.out; ++j)
      for (Index k = 0; k < width; ++k) w[j * width + k] = k < s.in ? s.weight[j * s.in + input(l, k)] : Scalar(0);
    transpose<Scalar>(
        columns, s.in, [&](Index j) { return w + (j < s.out ? j : 0) * width; }, put);
  }

  std::span<const Stage<Scalar>> stages_;
  Offsets transposed_, straight_, columns_;
  Buffer<Scalar> transposed_weights_, straight_weights_, biases_;
  Buffer<Index> order_;
};

}  // namespace tinynet::detail
