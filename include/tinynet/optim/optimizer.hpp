// What all optimizers share: the flat vector of parameters they change, the learning rate, the count of steps.
#pragma once

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <tinynet/autodiff/parameter.hpp>
#include <tinynet/core/number_text.hpp>
#include <tinynet/cpu/update.hpp>
#include <tinynet/nn/module.hpp>
#include <vector>

namespace tinynet {
namespace detail {

/// A step of all parameters; a device may do it in another way. Returns what update_parameters does: on the CPU,
/// whether all numbers are finite then.
template <class Rule, class Scalar, std::size_t States>
auto update_all(const Rule& rule, FlatParameters<Scalar>& parameters, Scalar* lost,
                const std::array<Scalar*, States>& state) {
  return update_parameters(rule, parameters.size(), parameters.value.data(), parameters.gradient.data(), lost, state);
}

/// An option of an optimizer, which must be at least 0 and below a bound.
struct CheckedOption {
  const char* name;
  double value, below = std::numeric_limits<double>::infinity();
};

/// Throws Error (usage) unless all are.
inline void check_options(const std::string& optimizer, std::initializer_list<CheckedOption> options) {
  for (const auto& [name, value, below] : options)
    if (!(value >= 0 && value < below))
      throw Error(ErrorCode::usage, optimizer + ": " + name + ": expected a finite number, 0 or more" +
                                        (std::isfinite(below) ? " and below " + shortest(below) : "") + ", found " +
                                        shortest(value));
}

}  // namespace detail

/// The part of an optimizer that a schedule changes.
class LearningRate {
 public:
  /// Starts with this rate.
  explicit LearningRate(double lr) : lr_(lr) {}
  /// The learning rate of the next step.
  double lr() const { return lr_; }
  /// Changes it.
  void set_lr(double lr) { lr_ = lr; }

 private:
  double lr_;
};

/// The base of all optimizers. It holds on to the flat parameters that the net has when the optimizer is made. A copy
/// would train the same net, so there is none. A step throws Error (usage) if parameters have got elsewhere since: to
/// the optimizer of other modules that they are in, too, or because another net was moved to the place of theirs.
template <class Scalar_>
class Optimizer : public LearningRate {
 public:
  using Scalar = Scalar_;
  /// As long as the parameters.
  using Vector = typename FlatParameters<Scalar>::Vector;

  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  ~Optimizer() = default;

  /// Sets all gradients to zero.
  void zero_grad() { parameters_->gradient.setZero(); }

  /// How many steps have been made.
  Index steps() const { return steps_; }

  /// Whether all parameters and all that is remembered were finite after the last step, on the CPU: a loss need not
  /// show that a weight is not, as that of a unit which is then always off. (On a GPU they are not looked at, and this
  /// is true.)
  bool finite() const { return finite_; }

  /// All parameters and their gradients.
  FlatParameters<Scalar>& parameters() { return *parameters_; }
  const FlatParameters<Scalar>& parameters() const { return *parameters_; }

  /// What is remembered from step to step, each as long as the parameters: what the rule needs (momenta, running means
  /// of squares), and last what rounding has kept from the parameters so far.
  const std::vector<Vector>& state() const { return state_; }

  /// Goes on from where another optimizer of the same kind was. Throws Error (usage) if the sizes do not fit.
  void restore(Index steps, std::vector<Vector> state) {
    bool fits = state.size() == state_.size();
    for (std::size_t i = 0; fits && i < state.size(); ++i) fits = state[i].size() == state_[i].size();
    if (steps < 0 || !fits) throw Error(ErrorCode::usage, "Optimizer: the state is not one of this optimizer");
    steps_ = steps;
    state_ = std::move(state);
    finite_ = true;
  }

 protected:
  /// Remembers `states` numbers for each parameter, which begin as `initial`.
  template <class Net>
  Optimizer(Net& net, double lr, std::size_t states, double initial = 0.0)
      : LearningRate(lr), parameters_(flat_parameters(net)), state_(states, constant(initial)) {
    state_.push_back(constant(0.0));
  }

  /// Counts a step and takes rule(p, g, state...) off every parameter p with its gradient g; the rule changes the
  /// states in place. It is called with packs of numbers where there is SIMD.
  template <class Rule, std::size_t... I>
  void update(const Rule& rule, std::index_sequence<I...>) {
    if (parameters_->left)
      throw Error(
          ErrorCode::usage,
          "Optimizer: some of its parameters do not lie with it any more: they are in an optimizer that was made "
          "later, or a net was moved to their place. Make it anew after that; a parameter has one optimizer");
    ++steps_;
    ++parameters_->changes;
    const std::array<Scalar*, sizeof...(I)> state{state_[I].data()...};
    using detail::update_all;
    if constexpr (detail::on_cpu<Scalar>)
      finite_ = update_all(rule, *parameters_, state_.back().data(), state);
    else
      update_all(rule, *parameters_, state_.back().data(), state);
  }
  template <std::size_t States, class Rule>
  void update(const Rule& rule) {
    update(rule, std::make_index_sequence<States>{});
  }

 private:
  Vector constant(double number) const {
    return detail::constant_matrix<Scalar, dynamic, 1>(parameters_->size(), 1,
                                                       static_cast<detail::number_of<Scalar>>(number));
  }

  std::shared_ptr<FlatParameters<Scalar>> parameters_;
  std::vector<Vector> state_;
  Index steps_ = 0;
  bool finite_ = true;
};

}  // namespace tinynet
