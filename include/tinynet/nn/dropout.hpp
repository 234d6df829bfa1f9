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
  DropoutMask(std::uint64_t key, double p) : key_(key), p_(p), kept_(static_cast<Number>(p < 1 ? 1 / (1 - p) : 0)) {}

  constexpr Number operator()(Index i) const {
    const std::uint64_t bits = mixed(key_ + counter_step * static_cast<std::uint64_t>(i));
    return static_cast<double>(bits >> 11) * 0x1p-53 < p_ ? Number(0) : kept_;
  }

 private:
  std::uint64_t key_;
  double p_;
  Number kept_;
};

}  // namespace detail

/// In training mode sets each number to 0 with probability p and multiplies the others by 1 / (1 - p); afterwards
/// (`eval()`) passes everything on. Each Dropout of a net drops others, and at each call others again, but the same for
/// any number of threads; it is not what PyTorch drops.
///
/// What is dropped follows from a seed, the place in the net, and how often this Dropout was called before. One that is
/// given no seed gets a new one from the program's own generator (see manual_seed); a net that it becomes a part of
/// (a Sequential, or what an optimizer is made for) takes one of its first weights instead, so that a net that is made
/// again of the same seed drops the same. A copy goes on as its original would.
class Dropout : public Module<Dropout, void> {
 public:
  /// Throws Error (usage) unless 0 <= p <= 1.
  explicit Dropout(double p = 0.5) : Dropout(p, detail::DefaultGenerator().get().spawn()) {
    stream_.seed_given = false;
  }
  Dropout(double p, Seed seed) : p_(p), stream_{.seed = seed.value} {
    if (!(p >= 0 && p <= 1))
      throw Error(ErrorCode::usage, "Dropout: expected a probability from 0 to 1, found " + std::to_string(p));
  }
  /// With a seed of the generator's (Generator::spawn), whose weights stay as they are.
  Dropout(double p, Generator& generator) : Dropout(p, generator.spawn()) {}

  template <class X>
  auto forward(const X& input) const {
    const auto x = detail::as_var<typename X::Scalar>(input);
    using Result = std::remove_const_t<decltype(x)>;
    if (!training_ || p_ == 0) return Result(x);
    return Result(x * mask<typename X::Scalar>(x.shape()));
  }

  /// Switches the dropping on or off.
  void train(bool on = true) { training_ = on; }

  /// Calls f with what its masks follow from.
  void visit_masks(const detail::OnMasks& f) const { f(stream_); }

  std::string description() const { return "Dropout(p=" + detail::python_number(p_) + ", inplace=False)"; }

 private:
  template <class Scalar>
  Var<Scalar> mask(Shape shape) const {
    auto& tape = detail::Tape<Scalar>::current();
    const Var<Scalar> m(tape.template append_value<detail::Node<Scalar>>("mask", shape, false));
    using detail::generate;
    generate(m.node()->value, shape.size(), detail::DropoutMask<detail::number_of<Scalar>>(stream_.next_key(), p_));
    return m;
  }

  double p_;
  mutable detail::MaskStream stream_;
  bool training_ = true;
};

}  // namespace tinynet
