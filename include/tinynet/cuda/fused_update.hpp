// What follows a fused step: the partial gradients of all parts are added up in a fixed order, and the optimizer's
// update rule is applied to every parameter, in the same kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tinynet/core/compensated.hpp>
#include <tinynet/cuda/fragment.hpp>
#include <tinynet/cuda/launch_queue.hpp>
#include <type_traits>
#include <utility>

namespace tinynet::detail::gpu {

/// No optimizer: the gradient alone is wanted.
struct KeepParameters {};

/// What an update reads and writes; vectors have `size` numbers. `rule(p, g, state...)` gives the step to take off a
/// parameter p with the gradient g and changes the states (see optim/).
template <class Rule, int States, class Scalar>
struct UpdateArguments {
  Rule rule;
  const Scalar* partial;  ///< [parts, size], as a fused step leaves them
  int parts, size;
  Scalar factor;                     ///< of the gradients
  const Scalar* upstream = nullptr;  ///< another one, in memory of the GPU; null: 1
  bool add;                          ///< whether they are added to `gradient`, or take its place
  Scalar* gradient;                  ///< out
  Scalar* parameters;                ///< in and out, as all below; not used by KeepParameters
  Scalar* lost;                      ///< what rounding has kept from the parameters so far
  Scalar* written = nullptr;         ///< the parameters as the last step left them, see update_parameters on the CPU
  Scalar* state[States > 0 ? States : 1];

  /// What it touches: an optimizer's states are of the parameters that this gradient belongs to.
  Footprint footprint(std::size_t returned) const { return {{gradient}, returned}; }
};

inline constexpr int update_warps = 8;

/// One block's work: 32 parameters, one a lane; each warp adds up the parts that are `update_warps` apart.
template <class Block, class Rule, int States, class Scalar>
class FusedUpdate {
 public:
  static constexpr int blocks(int size) { return (size + warp_size - 1) / warp_size; }
  static constexpr int shared_bytes() { return Block::threads * static_cast<int>(sizeof(Scalar)); }

  TINYNET_DEVICE FusedUpdate(const Block& block, const UpdateArguments<Rule, States, Scalar>& arguments)
      : block_(block), a_(arguments) {}

  TINYNET_DEVICE void run() const {
    const int begin = block_.number() * warp_size;
    auto* const sums = reinterpret_cast<Scalar*>(block_.shared());
    block_.each_thread([&](int thread) {
      const int i = begin + thread % warp_size;
      sums[thread] = i < a_.size ? sum_of_parts(a_.partial + i, thread / warp_size) : Scalar(0);
    });
    block_.each_thread([&](int thread) {
      const int i = begin + thread;
      if (thread >= warp_size || i >= a_.size) return;
      Scalar sum(0);
      for (int warp = 0; warp < Block::warps; ++warp) sum += sums[warp * warp_size + thread];
      update(i, sum);
    });
  }

 private:
  // Of every so many-th part from `first` on, of which several are under way together.
  TINYNET_DEVICE Scalar sum_of_parts(const Scalar* partial, int first) const {
    constexpr int together = 9;
    Scalar sum(0);
    for (int begin = first; begin < a_.parts; begin += together * Block::warps) {
      Scalar number[together];
      TINYNET_UNROLL
      for (int j = 0; j < together; ++j) {
        const int part = begin + j * Block::warps;
        number[j] = part < a_.parts ? partial[std::int64_t{part} * a_.size] : Scalar(0);
      }
      TINYNET_UNROLL
      for (int j = 0; j < together; ++j) sum += number[j];
    }
    return sum;
  }

  TINYNET_DEVICE void update(int i, Scalar sum) const {
    const Scalar factor = a_.upstream == nullptr ? a_.factor : a_.factor * *a_.upstream;
    const Scalar g = (a_.add ? a_.gradient[i] : Scalar(0)) + factor * sum;
    a_.gradient[i] = g;
    if constexpr (!std::is_same_v<Rule, KeepParameters>) apply(i, g, std::make_integer_sequence<int, States>{});
  }
  template <int... I>
  TINYNET_DEVICE void apply(int i, Scalar g, std::integer_sequence<int, I...>) const {
    Scalar* const written = a_.written == nullptr ? a_.parameters : a_.written;
    Scalar parameter = a_.parameters[i], lost = still_lost(parameter, written[i], a_.lost[i]);
    subtract_compensated(parameter, a_.rule(parameter, g, a_.state[I][i]...), lost);
    a_.parameters[i] = written[i] = parameter;
    a_.lost[i] = lost;
  }

  const Block& block_;
  const UpdateArguments<Rule, States, Scalar>& a_;
};

}  // namespace tinynet::detail::gpu
