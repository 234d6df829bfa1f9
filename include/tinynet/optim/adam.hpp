// Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019).
#pragma once

#include <cmath>
#include <tinynet/optim/optimizer.hpp>

namespace tinynet {

/// What Adam can be asked for, with PyTorch's names and defaults.
struct AdamOptions {
  double lr = 1e-3;                     ///< the learning rate
  double beta1 = 0.9, beta2 = 0.999;    ///< PyTorch's betas
  double eps = 1e-8;                    ///< added to the root of the mean of squares
  double weight_decay = 0.0;            ///< this part of a parameter is added to its gradient
  detail::CalledLr learning_rate = {};  ///< not this: lr
};

/// The same for AdamW; the weight decay does another thing here.
struct AdamWOptions {
  double lr = 1e-3;                     ///< the learning rate
  double beta1 = 0.9, beta2 = 0.999;    ///< PyTorch's betas
  double eps = 1e-8;                    ///< added to the root of the mean of squares
  double weight_decay = 0.01;           ///< taken off the parameters directly
  detail::CalledLr learning_rate = {};  ///< not this: lr
};

namespace rules {

/// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
/// p -= lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)
struct Adam {
  double beta1, beta2, eps, weight_decay;  ///< as in the options
  double decay;                            ///< the part of a parameter that is taken off directly
  double step_size;                        ///< lr / (1 - beta1^t)
  double root_correction;                  ///< 1 / sqrt(1 - beta2^t)

  /// For step t, from 1.
  Adam(double lr, double b1, double b2, double epsilon, double gradient_decay, double direct_decay, Index t)
      : beta1(b1),
        beta2(b2),
        eps(epsilon),
        weight_decay(gradient_decay),
        decay(lr * direct_decay),
        step_size(lr / (1 - std::pow(b1, static_cast<double>(t)))),
        root_correction(1 / std::sqrt(1 - std::pow(b2, static_cast<double>(t)))) {}

  template <class T>
  constexpr T operator()(T p, T g, T& m, T& v) const {
    if (weight_decay != 0) g = math::multiply_add(T(weight_decay), p, g);
    m = math::multiply_add(T(1 - beta1), g - m, m);
    v = math::multiply_add(T(beta2), v, T(1 - beta2) * g * g);
    const T root = math::multiply_add(math::sqrt(v), T(root_correction), T(eps));
    const T step = T(step_size) * (m / root);
    return decay == 0 ? step : math::multiply_add(T(decay), p, step);
  }
};

}  // namespace rules

namespace detail {

/// Throws Error (usage) for options that make no sense.
template <class Options>
void check_adam(const char* name, const Options& o) {
  check_options(
      name,
      {{"lr", o.lr}, {"beta1", o.beta1, 1}, {"beta2", o.beta2, 1}, {"eps", o.eps}, {"weight_decay", o.weight_decay}});
}

}  // namespace detail

/// Adam, as torch.optim.Adam.
template <class Scalar = float>
class Adam : public Optimizer<Scalar> {
 public:
  /// Of all parameters of the net, of a part of it, or of one parameter. Throws Error (usage) for options below 0, and
  /// betas that are not below 1.
  template <class Net>
  explicit Adam(Net&& net, AdamOptions options = {})
      : Optimizer<Scalar>(std::forward<Net>(net), options.lr, 2), options_(options) {
    detail::check_adam("Adam", options);
  }

  /// Changes the parameters by their gradients.
  void step() {
    const auto& o = options_;
    this->template update<2>(rules::Adam(this->lr(), o.beta1, o.beta2, o.eps, o.weight_decay, 0.0, this->steps() + 1));
  }

  const AdamOptions& options() const& { return options_; }
  AdamOptions options() && { return options_; }

 private:
  AdamOptions options_;
};
template <class Net>
Adam(Net&&, AdamOptions = {}) -> Adam<detail::TrainedScalar<Net>>;

/// Adam with weight decay apart from the gradient, as torch.optim.AdamW.
template <class Scalar = float>
class AdamW : public Optimizer<Scalar> {
 public:
  /// Of all parameters of the net, of a part of it, or of one parameter. Throws Error (usage) for options below 0, and
  /// betas that are not below 1.
  template <class Net>
  explicit AdamW(Net&& net, AdamWOptions options = {})
      : Optimizer<Scalar>(std::forward<Net>(net), options.lr, 2), options_(options) {
    detail::check_adam("AdamW", options);
  }

  /// Changes the parameters by their gradients.
  void step() {
    const auto& o = options_;
    this->template update<2>(rules::Adam(this->lr(), o.beta1, o.beta2, o.eps, 0.0, o.weight_decay, this->steps() + 1));
  }

  const AdamWOptions& options() const& { return options_; }
  AdamWOptions options() && { return options_; }

 private:
  AdamWOptions options_;
};
template <class Net>
AdamW(Net&&, AdamWOptions = {}) -> AdamW<detail::TrainedScalar<Net>>;

}  // namespace tinynet
