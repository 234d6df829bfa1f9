// Adadelta (Zeiler, 2012).
#pragma once

#include <tinynet/optim/optimizer.hpp>

namespace tinynet {

/// With PyTorch's names and defaults.
struct AdadeltaOptions {
  double lr = 1.0;                      ///< the learning rate
  double rho = 0.9;                     ///< how much of the running means stays in a step
  double eps = 1e-6;                    ///< added to the means
  double weight_decay = 0.0;            ///< this part of a parameter is added to its gradient
  detail::CalledLr learning_rate = {};  ///< not this: lr
};

namespace rules {

/// s = rho s + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(s + eps) g;  u = rho u + (1 - rho) d^2;  p -= lr d
struct Adadelta {
  AdadeltaOptions options;  ///< see there

  template <class T>
  constexpr T operator()(T p, T g, T& square, T& delta) const {
    if (options.weight_decay != 0) g = math::multiply_add(T(options.weight_decay), p, g);
    square = math::multiply_add(T(options.rho), square, T(1 - options.rho) * g * g);
    const T step = math::sqrt(delta + T(options.eps)) / math::sqrt(square + T(options.eps)) * g;
    delta = math::multiply_add(T(options.rho), delta, T(1 - options.rho) * step * step);
    return T(options.lr) * step;
  }
};

}  // namespace rules

/// Adadelta, as torch.optim.Adadelta.
template <class Scalar = float>
class Adadelta : public Optimizer<Scalar> {
 public:
  /// Of all parameters of the net, of a part of it, or of one parameter. Throws Error (usage) for options below 0.
  template <class Net>
  explicit Adadelta(Net&& net, AdadeltaOptions options = {})
      : Optimizer<Scalar>(std::forward<Net>(net), options.lr, 2), options_(options) {
    detail::check_options(
        "Adadelta",
        {{"lr", options.lr}, {"rho", options.rho}, {"eps", options.eps}, {"weight_decay", options.weight_decay}});
  }

  /// Changes the parameters by their gradients.
  void step() {
    AdadeltaOptions now = options_;
    now.lr = this->lr();
    this->template update<2>(rules::Adadelta{now});
  }

  const AdadeltaOptions& options() const& { return options_; }
  AdadeltaOptions options() && { return options_; }

 private:
  AdadeltaOptions options_;
};
template <class Net>
Adadelta(Net&&, AdadeltaOptions = {}) -> Adadelta<detail::TrainedScalar<Net>>;

}  // namespace tinynet
