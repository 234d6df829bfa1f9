// Dropout (Srivastava et al., 2014).
#pragma once

#include <cstdint>
#include <string>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/core/random.hpp>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/module.hpp>

namespace tinynet {

/// In training mode sets each number to 0 with probability p and multiplies the others by 1 / (1 - p); afterwards
/// (`eval()`) passes everything on. What is dropped depends on the seed and on how often it was called before, not on
/// the number of threads; it is not what PyTorch drops.
class Dropout : public Module<Dropout, void> {
 public:
  /// Throws Error (usage) unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5, Seed seed = {}) : p_(p), seed_(seed.value) {
    if (!(p >= 0 && p <= 1))
      throw Error(ErrorCode::usage, "Dropout: expected a probability from 0 to 1, found " + std::to_string(p));
  }

  template <class X>
  auto forward(const X& input) const {
    const auto x = detail::as_var<typename X::Scalar>(input);
    using Result = std::remove_const_t<decltype(x)>;
    if (!training_ || p_ == 0) return Result(x);
    return Result(x * mask<typename X::Scalar>(x.shape()));
  }

  void train(bool on = true) { training_ = on; }

  std::string description() const { return "Dropout(p=" + detail::python_number(p_) + ", inplace=False)"; }

 private:
  // SplitMix64 (Steele et al., 2014) of a counter: every number of the mask can be had by itself.
  static std::uint64_t hash(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }

  template <class Number>
  Var<Number> mask(Shape shape) const {
    auto& tape = detail::Tape<Number>::current();
    const Var<Number> m(tape.template append<detail::Node<Number>>("mask", shape, false));
    Number* const numbers = m.node()->value = tape.allocate_numbers(shape.size());
    const std::uint64_t call = hash(seed_ + 0x9E3779B97F4A7C15u * ++calls_);
    const auto kept = Number(p_ < 1 ? 1 / (1 - p_) : 0);
    for (Index i = 0; i < shape.size(); ++i) {
      const std::uint64_t bits = hash(call + 0x9E3779B97F4A7C15u * static_cast<std::uint64_t>(i));
      numbers[i] = static_cast<double>(bits >> 11) * 0x1p-53 < p_ ? Number(0) : kept;
    }
    return m;
  }

  double p_;
  std::uint64_t seed_;
  mutable std::uint64_t calls_ = 0;
  bool training_ = true;
};

}  // namespace tinynet
