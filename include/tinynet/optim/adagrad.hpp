// Adagrad (Duchi et al., 2011).
#pragma once

#include <tinynet/optim/optimizer.hpp>

namespace tinynet {

/// With PyTorch's names and defaults.
struct AdagradOptions {
  double lr = 1e-2;                        ///< the learning rate
  double lr_decay = 0.0;                   ///< lr is divided by 1 + lr_decay (steps so far)
  double weight_decay = 0.0;               ///< this part of a parameter is added to its gradient
  double initial_accumulator_value = 0.0;  ///< what the sums of squares begin with
  double eps = 1e-10;                      ///< added to the root of the sums
  detail::CalledLr learning_rate = {};     ///< not this: lr
};

namespace rules {

/// s = s + g^2;  p -= lr g / (sqrt(s) + eps)
struct Adagrad {
  double lr, weight_decay, eps;  ///< the learning rate of this step, and as in the options

  template <class T>
  constexpr T operator()(T p, T g, T& sum) const {
    if (weight_decay != 0) g = math::multiply_add(T(weight_decay), p, g);
    sum = math::multiply_add(g, g, sum);
    return T(lr) * (g / (math::sqrt(sum) + T(eps)));
  }
};

}  // namespace rules

/// Adagrad, as torch.optim.Adagrad.
template <class Scalar = float>
class Adagrad : public Optimizer<Scalar> {
 public:
  /// Of all parameters of the net, of a part of it, or of one parameter. Throws Error (usage) for options below 0.
  template <class Net>
  explicit Adagrad(Net&& net, AdagradOptions options = {})
      : Optimizer<Scalar>(std::forward<Net>(net), options.lr, 1, options.initial_accumulator_value), options_(options) {
    detail::check_options("Adagrad", {{"lr", options.lr},
                                      {"lr_decay", options.lr_decay},
                                      {"weight_decay", options.weight_decay},
                                      {"initial_accumulator_value", options.initial_accumulator_value},
                                      {"eps", options.eps}});
  }

  /// Changes the parameters by their gradients.
  void step() {
    const double lr = this->lr() / (1 + static_cast<double>(this->steps()) * options_.lr_decay);
    this->template update<1>(rules::Adagrad{lr, options_.weight_decay, options_.eps});
  }

  const AdagradOptions& options() const& { return options_; }
  AdagradOptions options() && { return options_; }

 private:
  AdagradOptions options_;
};
template <class Net>
Adagrad(Net&&, AdagradOptions = {}) -> Adagrad<detail::TrainedScalar<Net>>;

}  // namespace tinynet
