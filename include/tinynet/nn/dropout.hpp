// Dropout (Srivastava et al., 2014).
#pragma once

#include <cstdint>
#include <string>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/core/random.hpp>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/module.hpp>

namespace tinynet {
namespace detail {

/// Number i of a mask: 0 with probability p, else 1 / (1 - p). Every number can be had by itself.
template <class Number>
class DropoutMask {
 public:
  DropoutMask(std::uint64_t seed, std::uint64_t call, double p)
      : key_(hash(seed + step * call)), p_(p), kept_(static_cast<Number>(p < 1 ? 1 / (1 - p) : 0)) {}

  constexpr Number operator()(Index i) const {
    const std::uint64_t bits = hash(key_ + step * static_cast<std::uint64_t>(i));
    return static_cast<double>(bits >> 11) * 0x1p-53 < p_ ? Number(0) : kept_;
  }

 private:
  // SplitMix64 (Steele et al., 2014) of a counter.
  static constexpr std::uint64_t step = 0x9E3779B97F4A7C15u;
  static constexpr std::uint64_t hash(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }

  std::uint64_t key_;
  double p_;
  Number kept_;
};

}  // namespace detail

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

  /// Switches the dropping on or off.
  void train(bool on = true) { training_ = on; }

  std::string description() const { return "Dropout(p=" + detail::python_number(p_) + ", inplace=False)"; }

 private:
  template <class Scalar>
  Var<Scalar> mask(Shape shape) const {
    auto& tape = detail::Tape<Scalar>::current();
    const Var<Scalar> m(tape.template append<detail::Node<Scalar>>("mask", shape, false));
    m.node()->value = tape.allocate_numbers(shape.size());
    using detail::generate;
    generate(m.node()->value, shape.size(), detail::DropoutMask<detail::number_of<Scalar>>(seed_, ++calls_, p_));
    return m;
  }

  double p_;
  std::uint64_t seed_;
  mutable std::uint64_t calls_ = 0;
  bool training_ = true;
};

}  // namespace tinynet
