// RMSprop (Hinton, 2012).
#pragma once

#include <tinynet/optim/optimizer.hpp>

namespace tinynet {

/// With PyTorch's names and defaults.
struct RMSpropOptions {
  double lr = 1e-2;                     ///< the learning rate
  double alpha = 0.99;                  ///< how much of the running mean of squares stays in a step
  double eps = 1e-8;                    ///< added to the root of the mean
  double weight_decay = 0.0;            ///< this part of a parameter is added to its gradient
  double momentum = 0.0;                ///< how much of the step before is made again
  bool centered = false;                ///< divide by the standard deviation of the gradient, not its root mean square
  detail::CalledLr learning_rate = {};  ///< not this: lr
};

namespace rules {

/// s = alpha s + (1 - alpha) g^2;  d = g / (sqrt(s) + eps), with s less the square of the mean gradient if centred
/// b = momentum b + d;  p -= lr b
struct RMSprop {
  RMSpropOptions options;  ///< see there

  template <class T>
  constexpr T operator()(T p, T g, T& square, T& buffer, T& average) const {
    if (options.weight_decay != 0) g = math::multiply_add(T(options.weight_decay), p, g);
    square = math::multiply_add(T(options.alpha), square, T(1 - options.alpha) * g * g);
    T variance = square;
    if (options.centered) {
      average = math::multiply_add(T(1 - options.alpha), g - average, average);
      variance = square - average * average;
    }
    T direction = g / (math::sqrt(variance) + T(options.eps));
    if (options.momentum > 0) direction = buffer = math::multiply_add(T(options.momentum), buffer, direction);
    return T(options.lr) * direction;
  }
};

}  // namespace rules

/// RMSprop with momentum and centring, as torch.optim.RMSprop.
template <class Scalar = float>
class RMSprop : public Optimizer<Scalar> {
 public:
  /// Of all parameters of the net, of a part of it, or of one parameter. Throws Error (usage) for options below 0.
  template <class Net>
  explicit RMSprop(Net&& net, RMSpropOptions options = {})
      : Optimizer<Scalar>(std::forward<Net>(net), options.lr, 3), options_(options) {
    detail::check_options("RMSprop", {{"lr", options.lr},
                                      {"alpha", options.alpha},
                                      {"eps", options.eps},
                                      {"weight_decay", options.weight_decay},
                                      {"momentum", options.momentum}});
  }

  /// Changes the parameters by their gradients.
  void step() {
    RMSpropOptions now = options_;
    now.lr = this->lr();
    this->template update<3>(rules::RMSprop{now});
  }

  const RMSpropOptions& options() const& { return options_; }
  RMSpropOptions options() && { return options_; }

 private:
  RMSpropOptions options_;
};
template <class Net>
RMSprop(Net&&, RMSpropOptions = {}) -> RMSprop<detail::TrainedScalar<Net>>;

}  // namespace tinynet
