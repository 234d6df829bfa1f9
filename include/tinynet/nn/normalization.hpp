// Layer norm and batch norm.
#pragma once

#include <string>
#include <tinynet/autodiff/ops/normalization.hpp>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/module.hpp>

namespace tinynet {
namespace functions {

/// a x + b y
struct Blend : Vectorized {
  double a, b;  ///< the weights of x and y
  /// With these weights.
  Blend(double of_x, double of_y) : a(of_x), b(of_y) {}
  template <class T>
  constexpr T operator()(T x, T y) const {
    return T(a) * x + T(b) * y;
  }
};

}  // namespace functions

namespace detail {

/// The number of features that a norm is made with; `known` is the one in its type.
inline Index checked_features(const char* norm, Index features, Index known) {
  if (features > 0 && may_equal(features, known)) return features;
  throw Error(ErrorCode::usage, std::string(norm) + ": expected " +
                                    (known == dynamic ? "a positive number of" : std::to_string(known)) +
                                    " features, found " + std::to_string(features));
}

}  // namespace detail

/// Each row to mean 0 and variance 1, then times a weight and plus a bias that are learned [features].
template <Index Features = dynamic, class Scalar_ = float>
class LayerNorm : public Module<LayerNorm<Features, Scalar_>, Scalar_> {
  static_assert(Features > 0 || Features == dynamic, "tinynet: LayerNorm<Features> needs at least one feature");

 public:
  using Scalar = Scalar_;

  LayerNorm() requires(Features != dynamic) : LayerNorm(Features) {}
  /// Throws Error (usage) if the number of features is not positive, or not the one in the type.
  explicit LayerNorm(Index features, double eps = 1e-5)
      : weight_(1, detail::checked_features("LayerNorm", features, Features), 1), bias_(1, features, 1), eps_(eps) {
    weight_.value().setOnes();
  }

  template <class Other>
  using Rebind = LayerNorm<Features, Other>;
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit LayerNorm(const LayerNorm<Features, Other>& other)
      : weight_(other.weight_), bias_(other.bias_), eps_(other.eps_) {}

  /// Throws Error (usage) if x has another number of columns than there are features.
  template <class X>
  auto forward(const X& x) const {
    return layer_norm(detail::as_var<Scalar>(x), weight_, bias_, eps_);
  }

  static void members(auto& self, auto&& visit) {
    visit("weight", self.weight_);
    visit("bias", self.bias_);
  }
  std::string description() const {
    return "LayerNorm((" + std::to_string(weight_.size()) + ",), eps=" + detail::python_number(eps_) +
           ", elementwise_affine=True, bias=True)";
  }

 private:
  template <Index, class>
  friend class LayerNorm;

  Parameter<Scalar, 1, Features> weight_, bias_;
  double eps_;
};

/// Each column to mean 0 and variance 1, then times a weight and plus a bias that are learned [features]. In training
/// mode by the batch's own mean and variance, of which it keeps running means (whence `forward` changes them);
/// afterwards (`eval()`) by those.
template <Index Features = dynamic, class Scalar_ = float>
class BatchNorm1d : public Module<BatchNorm1d<Features, Scalar_>, Scalar_> {
  static_assert(Features > 0 || Features == dynamic, "tinynet: BatchNorm1d<Features> needs at least one feature");

 public:
  using Scalar = Scalar_;

  BatchNorm1d() requires(Features != dynamic) : BatchNorm1d(Features) {}
  /// Throws Error (usage) if the number of features is not positive, or not the one in the type.
  explicit BatchNorm1d(Index features, double eps = 1e-5, double momentum = 0.1)
      : weight_(1, detail::checked_features("BatchNorm1d", features, Features), 1),
        bias_(1, features, 1),
        running_mean_(detail::constant_matrix<Scalar, 1, Features>(1, features, 0)),
        running_var_(detail::constant_matrix<Scalar, 1, Features>(1, features, 1)),
        eps_(eps),
        momentum_(momentum) {
    weight_.value().setOnes();
  }

  template <class Other>
  using Rebind = BatchNorm1d<Features, Other>;
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit BatchNorm1d(const BatchNorm1d<Features, Other>& other)
      : weight_(other.weight_),
        bias_(other.bias_),
        running_mean_(1, other.running_mean_.cols()),
        running_var_(1, other.running_var_.cols()),
        eps_(other.eps_),
        momentum_(other.momentum_),
        training_(other.training_) {
    detail::copy_across(other.running_mean_.data(), running_mean_.size(), running_mean_.data());
    detail::copy_across(other.running_var_.data(), running_var_.size(), running_var_.data());
  }

  /// Throws Error (usage) if the input has another number of columns than there are features, and for a batch of one
  /// row in training mode, which has no variance.
  template <class X>
  Var<Scalar, dynamic, Features> forward(const X& input) const {
    const auto x = detail::as_var<Scalar>(input);
    static_assert(detail::one_a_column<decltype(x), Parameter<Scalar, 1, Features>, Parameter<Scalar, 1, Features>>(),
                  "tinynet: batch_norm: x must have as many columns as the norm has features");
    detail::require_one_a_column("batch_norm", x.shape(), weight_.shape(), bias_.shape());
    if (!training_)
      return (x - detail::copied_constant<Scalar>("running_mean", running_mean_)) /
                 sqrt(detail::copied_constant<Scalar>("running_var", running_var_) + eps_) * weight_ +
             bias_;
    if (x.rows() < 2)
      throw Error(ErrorCode::usage, "BatchNorm1d: expected more than one row in training, found shape " +
                                        to_string(x.shape()) +
                                        "; the drop_last of batches leaves out the last of an epoch if it is smaller");
    const auto batch = batch_norm_with_statistics(x, weight_, bias_, eps_);
    const auto n = static_cast<double>(x.rows());
    follow(running_mean_, batch.mean, momentum_);
    follow(running_var_, batch.variance, momentum_ * n / (n - 1));
    return batch.y;
  }

  /// Normalises by the batch and learns its mean and variance (on), or by what was learnt (off).
  void train(bool on = true) { training_ = on; }

  /// More than one in training mode: one alone has no variance.
  Index least_rows() const { return training_ ? 2 : 1; }

  static void members(auto& self, auto&& visit) {
    visit("weight", self.weight_);
    visit("bias", self.bias_);
    visit("running_mean", self.running_mean_);
    visit("running_var", self.running_var_);
  }
  std::string description() const {
    return "BatchNorm1d(" + std::to_string(weight_.size()) + ", eps=" + detail::python_number(eps_) +
           ", momentum=" + detail::python_number(momentum_) + ", affine=True, bias=True, track_running_stats=True)";
  }

 private:
  template <Index, class>
  friend class BatchNorm1d;
  using Statistic = detail::matrix_of<Scalar, 1, Features>;

  // running = (1 - momentum) running + factor batch
  void follow(Statistic& running, const Var<Scalar, 1, Features>& batch, double factor) const {
    const Shape shape = batch.shape();
    using Numbers = detail::Source<Scalar>;
    transform(shape, functions::Blend{1 - momentum_, factor}, running.data(), Numbers(running.data(), shape, shape),
              Numbers(batch.node()->value, shape, shape));
  }

  Parameter<Scalar, 1, Features> weight_, bias_;
  mutable Statistic running_mean_, running_var_;
  double eps_, momentum_;
  bool training_ = true;
};

}  // namespace tinynet
