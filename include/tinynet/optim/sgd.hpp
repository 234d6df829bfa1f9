// Stochastic gradient descent.
#pragma once

#include <tinynet/optim/optimizer.hpp>

namespace tinynet {

/// With PyTorch's names and defaults.
struct SGDOptions {
  double lr = 1e-3;                     ///< the learning rate
  double momentum = 0.0;                ///< how much of the velocity stays in a step
  double dampening = 0.0;               ///< how much of the gradient does not go into the velocity
  double weight_decay = 0.0;            ///< this part of a parameter is added to its gradient
  bool nesterov = false;                ///< needs momentum and no dampening
  detail::CalledLr learning_rate = {};  ///< not this: lr
};

namespace rules {

/// p -= lr (g + decay p)
struct SGD {
  double lr, weight_decay;  ///< as in the options

  template <class T>
  constexpr T operator()(T p, T g) const {
    if (weight_decay != 0) g = math::multiply_add(T(weight_decay), p, g);
    return T(lr) * g;
  }
};

/// v = momentum v + (1 - dampening) g (at first v = g);  p -= lr v, or lr (g + momentum v) with Nesterov
struct Momentum {
  SGDOptions options;  ///< see there
  bool first;          ///< is it the first step?

  template <class T>
  constexpr T operator()(T p, T g, T& v) const {
    if (options.weight_decay != 0) g = math::multiply_add(T(options.weight_decay), p, g);
    v = first ? g : math::multiply_add(T(options.momentum), v, T(1 - options.dampening) * g);
    const T direction = options.nesterov ? math::multiply_add(T(options.momentum), v, g) : v;
    return T(options.lr) * direction;
  }
};

}  // namespace rules

/// Stochastic gradient descent with momentum, dampening, Nesterov's look-ahead and weight decay, as torch.optim.SGD.
template <class Scalar = float>
class SGD : public Optimizer<Scalar> {
 public:
  /// Of all parameters of the net, of a part of it, or of one parameter. Throws Error (usage) for Nesterov without
  /// momentum or with dampening, and for options below 0.
  template <class Net>
  explicit SGD(Net&& net, SGDOptions options = {})
      : Optimizer<Scalar>(std::forward<Net>(net), options.lr, options.momentum != 0 ? 1 : 0), options_(options) {
    detail::check_options("SGD",
                          {{"lr", options.lr}, {"momentum", options.momentum}, {"weight_decay", options.weight_decay}});
    if (options.nesterov && (options.momentum <= 0 || options.dampening != 0))
      throw Error(ErrorCode::usage, "SGD: Nesterov needs a momentum and no dampening");
  }

  /// Changes the parameters by their gradients.
  void step() {
    SGDOptions now = options_;
    now.lr = this->lr();
    if (options_.momentum == 0)
      this->template update<0>(rules::SGD{now.lr, now.weight_decay});
    else
      this->template update<1>(rules::Momentum{now, this->steps() == 0});
  }

  const SGDOptions& options() const& { return options_; }
  SGDOptions options() && { return options_; }

 private:
  SGDOptions options_;
};
template <class Net>
SGD(Net&&, SGDOptions = {}) -> SGD<detail::TrainedScalar<Net>>;

}  // namespace tinynet
