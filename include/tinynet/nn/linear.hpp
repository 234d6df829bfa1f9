// The fully connected layer.
#pragma once

#include <optional>
#include <string>
#include <tinynet/autodiff/ops/linear.hpp>
#include <tinynet/core/random.hpp>
#include <tinynet/nn/init.hpp>
#include <tinynet/nn/module.hpp>
#include <utility>

namespace tinynet {

/// May be given in place of `true` to say that a layer has a bias.
struct Bias {
  bool value = true;  ///< has it one?
};

namespace detail {

[[noreturn, gnu::cold]] inline void throw_linear_size(Index size, Index known) {
  throw Error(ErrorCode::usage, "Linear: expected " +
                                    (known == dynamic ? std::string("a positive size") : std::to_string(known)) +
                                    ", found " + std::to_string(size));
}

}  // namespace detail

/// y = x W^T + b: x [N, in], W [out, in], b [out]. In and Out are numbers, or dynamic and given when it is made.
/// Starts with PyTorch's default weights: of the seed, the next ones of a generator, or, without either, the next ones
/// of the program's own generator (see manual_seed), so that no two layers are equal.
template <Index In = dynamic, Index Out = dynamic, class Scalar_ = float>
class Linear : public Module<Linear<In, Out, Scalar_>, Scalar_> {
  static_assert((In > 0 || In == dynamic) && (Out > 0 || Out == dynamic),
                "tinynet: Linear<In, Out> needs at least one input and one output");

 public:
  using Scalar = Scalar_;
  static constexpr Index InFeatures = In;
  static constexpr Index OutFeatures = Out;

  /// With the next weights of the program's own generator.
  Linear() requires(In != dynamic && Out != dynamic) : Linear(In, Out) {}
  explicit Linear(Bias bias) requires(In != dynamic && Out != dynamic) : Linear(In, Out, bias) {}
  /// With PyTorch's default weights for this seed.
  explicit Linear(Seed seed, Bias bias = {}) requires(In != dynamic && Out != dynamic) : Linear(In, Out, seed, bias) {}
  explicit Linear(Generator& generator, Bias bias = {}) requires(In != dynamic && Out != dynamic)
      : Linear(In, Out, generator, bias) {}

  /// Throws Error (usage) if a size is not positive, or not the one in the type.
  Linear(Index in_features, Index out_features, Generator& generator, Bias bias = {})
      : weight_(checked(out_features, Out), checked(in_features, In)) {
    using View = detail::view_of<Scalar, dynamic, dynamic>;  // for all sizes the same code
    init::linear_weight(View(weight_.data(), out_features, in_features), generator);
    if (!bias.value) return;
    bias_.emplace(1, out_features, 1);
    init::linear_bias(View(bias_->data(), 1, out_features), in_features, generator);
  }
  Linear(Index in_features, Index out_features, Seed seed, Bias bias = {})
      : Linear(in_features, out_features, Generator(seed), bias) {}
  Linear(Index in_features, Index out_features, Bias bias = {})
      : Linear(in_features, out_features, detail::DefaultGenerator().get(), bias) {}

  Linear(const Linear&) = default;
  Linear(Linear&&) noexcept = default;
  Linear& operator=(const Linear&) = default;
  /// `net.layer<1>() = Linear<30, 10>{generator}` changes the layer's numbers in place, so that it stays in the net's
  /// flat vector, and with its optimizers. A layer that others know, such as one with an optimizer, brings its place.
  Linear& operator=(Linear&& other) noexcept {
    if (can_take_numbers_of(other)) return *this = std::as_const(other);
    weight_ = std::move(other.weight_);
    bias_ = std::move(other.bias_);
    return *this;
  }
  ~Linear() = default;

  template <class Other>
  using Rebind = Linear<In, Out, Other>;
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit Linear(const Linear<In, Out, Other>& other)
      : weight_(other.weight()) {
    if (other.has_bias()) bias_.emplace(other.bias());
  }

  template <class X>
  auto forward(const X& x) const {
    const auto weight = weight_.var();
    return linear(x, weight, bias_ ? bias_->var() : Var<Scalar, 1, Out>(detail::zero_bias<Scalar>(out_features())));
  }

  Index in_features() const { return weight_.shape().cols; }
  Index out_features() const { return weight_.shape().rows; }
  /// Is something added to x W^T?
  bool has_bias() const { return bias_.has_value(); }

  /// The weight, [out, in].
  Parameter<Scalar, Out, In>& weight() & { return weight_; }
  const Parameter<Scalar, Out, In>& weight() const& { return weight_; }
  Parameter<Scalar, Out, In> weight() && { return std::move(weight_); }
  /// The bias, [1, out]. Throws std::bad_optional_access if there is none.
  Parameter<Scalar, 1, Out>& bias() & { return bias_.value(); }
  const Parameter<Scalar, 1, Out>& bias() const& { return bias_.value(); }
  Parameter<Scalar, 1, Out> bias() && { return std::move(bias_.value()); }

  static void members(auto& self, auto&& visit) {
    visit("weight", self.weight_);
    if (self.bias_) visit("bias", *self.bias_);
  }

  std::string description() const {
    return "Linear(in_features=" + std::to_string(in_features()) + ", out_features=" + std::to_string(out_features()) +
           ", bias=" + (has_bias() ? "True" : "False") + ")";
  }

 private:
  Linear(Index in_features, Index out_features, Generator&& generator, Bias bias)
      : Linear(in_features, out_features, generator, bias) {}

  static Index checked(Index size, Index known) {
    if (size <= 0 || !detail::may_equal(size, known)) detail::throw_linear_size(size, known);
    return size;
  }

  bool can_take_numbers_of(const Linear& other) const {
    return weight_.can_take_numbers_of(other.weight_) && has_bias() == other.has_bias() &&
           (!has_bias() || bias_->can_take_numbers_of(*other.bias_));
  }

  Parameter<Scalar, Out, In> weight_;
  std::optional<Parameter<Scalar, 1, Out>> bias_;
};

}  // namespace tinynet
