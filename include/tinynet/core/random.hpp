// Random numbers with PyTorch's bits: `torch.manual_seed(s)` starts a standard mt19937 on the CPU, and the
// conversions below are the ones PyTorch applies to its output.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <numbers>
#include <numeric>
#include <random>
#include <span>
#include <tinynet/core/eigen.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// The seed of a generator, as given to `torch.manual_seed`; the generator uses its lower 32 bits.
struct Seed {
  std::uint64_t value = 0;  ///< as given to torch.manual_seed
};

namespace detail {

// SplitMix64 (Steele et al., 2014) of a counter: mixed(seed + counter_step * i) for i = 1, 2, ...
inline constexpr std::uint64_t counter_step = 0x9E3779B97F4A7C15u;
constexpr std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace detail

/// PyTorch's CPU generator.
class Generator {
 public:
  /// As after torch.manual_seed(seed).
  explicit Generator(Seed seed = {}) : engine_(static_cast<std::uint32_t>(seed.value)), seed_(seed.value) {}

  /// A seed for something with random numbers of its own, such as a Dropout: another one at each call, which follows
  /// from the generator's seed. What the generator itself draws afterwards stays the same.
  Seed spawn() { return {detail::mixed(~seed_ + detail::counter_step * ++spawned_)}; }

  /// 32 random bits.
  std::uint32_t bits() { return static_cast<std::uint32_t>(engine_()); }

  /// A float uniform on [low, high): 24 random bits, scaled by one fused multiply-add. Bit for bit the value that
  /// a float tensor's `uniform_(low, high)` draws.
  float uniform(float low, float high) {
    const float unit = static_cast<float>(bits() & 0xFFFFFFu) * 0x1p-24f;
    return std::fma(unit, high - low, low);
  }

  /// Fills with normal numbers as a float tensor's `normal_(mean, deviation)` does: pairs of uniform ones by Box and
  /// Muller's formula. The last bit may differ from PyTorch's, whose SIMD code has other logarithms and sines.
  void normal(std::span<float> numbers, float mean, float deviation) {
    const std::size_t size = numbers.size();
    if (size < 16) {
      for (float& number : numbers) number = static_cast<float>(next_normal() * deviation + mean);
      return;
    }
    for (float& number : numbers) number = uniform(0.0f, 1.0f);
    std::size_t i = 0;
    for (; i + 16 <= size; i += 16) box_muller(numbers.subspan(i, 16), mean, deviation);
    if (i < size) {  // the last 16 are drawn afresh
      const auto last = numbers.last(16);
      for (float& number : last) number = uniform(0.0f, 1.0f);
      box_muller(last, mean, deviation);
    }
  }

  /// A whole number uniform on [0, count), count > 0, without bias.
  std::uint64_t below(std::uint64_t count) {
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % count;
    for (;;)
      if (const std::uint64_t draw = std::uint64_t{bits()} << 32 | bits(); draw < limit) return draw % count;
  }

  friend bool operator==(const Generator&, const Generator&) = default;

 private:
  // 16 uniform numbers to 16 normal ones: the first half gives the radius, the second the angle.
  static void box_muller(std::span<float> numbers, float mean, float deviation) {
    for (std::size_t i = 0; i < 8; ++i) {
      const float radius = std::sqrt(-2.0f * std::log(1.0f - numbers[i]));
      const float angle = 2.0f * std::numbers::pi_v<float> * numbers[i + 8];
      numbers[i] = radius * std::cos(angle) * deviation + mean;
      numbers[i + 8] = radius * std::sin(angle) * deviation + mean;
    }
  }

  // One number at a time, in double precision; the second of a pair is kept for the next call.
  double next_normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const auto uniform53 = [this] {
      const std::uint64_t high = bits();
      return static_cast<double>((high << 32 | bits()) & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
    };
    const double angle = 2.0 * std::numbers::pi * uniform53();
    const double radius = std::sqrt(-2.0 * std::log1p(-uniform53()));
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  std::mt19937 engine_;
  std::uint64_t seed_, spawned_ = 0;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

namespace detail {

/// The program's own generator, from which everything that is made without a seed draws, one after another. Whoever
/// has one of these has it alone.
class DefaultGenerator {
 public:
  DefaultGenerator() : lock_(shared().mutex) {}
  Generator& get() { return shared().generator; }

 private:
  struct Shared {
    std::mutex mutex;
    Generator generator;
  };
  static Shared& shared() {
    static Shared& one = *new Shared;  // never destroyed: nets of static storage are made and destroyed at any time
    return one;
  }

  std::lock_guard<std::mutex> lock_;
};

}  // namespace detail

/// Starts the random numbers of what is made without a seed afresh, as torch.manual_seed does:
/// `manual_seed(0); Linear<4, 8> a; Linear<8, 3> b;` have the weights that PyTorch gives two such layers. A program
/// that does not call it starts with seed 0. All threads share these numbers; nets made in several threads at once are
/// to be given seeds.
inline void manual_seed(Seed seed) { detail::DefaultGenerator().get() = Generator(seed); }
/// The same, as in PyTorch: `manual_seed(0)`.
inline void manual_seed(std::uint64_t seed) { manual_seed(Seed{seed}); }

/// Puts numbers into a random order (Fisher and Yates).
inline void shuffle(std::span<Index> numbers, Generator& generator) {
  for (std::size_t i = numbers.size(); i > 1; --i) std::swap(numbers[i - 1], numbers[generator.below(i)]);
}

/// The numbers 0 .. count - 1 in a random order.
inline std::vector<Index> random_permutation(Index count, Generator& generator) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  shuffle(order, generator);
  return order;
}

}  // namespace tinynet
