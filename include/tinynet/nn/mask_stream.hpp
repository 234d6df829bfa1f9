// What the masks of a Dropout follow from, and how those of one net are kept apart.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <tinynet/core/random.hpp>

namespace tinynet::detail {

/// A Dropout's random numbers: those of a seed, at a place of the net.
struct MaskStream {
  std::uint64_t seed = 0;
  std::uint64_t place = 0;  ///< among the Dropouts of the net, from 0
  std::uint64_t calls = 0;  ///< how many masks were made
  bool seed_given = true;   ///< by the user
  bool in_net = false;      ///< whether a net has given it its place

  /// The key of the next mask.
  std::uint64_t next_key() {
    constexpr std::uint64_t place_step =
        0xD1342543DE82EF95u;  // odd, as the step of the calls, and far from its multiples
    return mixed(seed + place_step * place + counter_step * ++calls);
  }
};

/// What is to be done with each MaskStream of a net.
using OnMasks = std::function<void(MaskStream&)>;

/// A seed that follows from some numbers.
class SeedOfNumbers {
 public:
  void add(double number) { seed_ = mixed(seed_ + counter_step + std::bit_cast<std::uint64_t>(number)); }
  std::uint64_t seed() const { return seed_; }

 private:
  std::uint64_t seed_ = 0;
};

}  // namespace tinynet::detail
