// What all optimizers share: the flat vector of parameters they change, the learning rate, the count of steps.
#pragma once

#include <limits>
#include <memory>
#include <tinynet/autodiff/parameter.hpp>
#include <tinynet/core/compensated.hpp>
#include <tinynet/core/math.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/nn/module.hpp>
#include <vector>

namespace tinynet {

/// The part of an optimizer that a schedule changes.
class LearningRate {
 public:
  explicit LearningRate(double lr) : lr_(lr) {}
  double lr() const { return lr_; }
  void set_lr(double lr) { lr_ = lr; }

 private:
  double lr_;
};

/// The base of all optimizers. It holds on to the flat parameters that the net has when the optimizer is made.
template <class Scalar_>
class Optimizer : public LearningRate {
 public:
  using Scalar = Scalar_;
  using Vector = typename FlatParameters<Scalar>::Vector;

  /// Sets all gradients to zero.
  void zero_grad() { parameters_->gradient.setZero(); }

  /// How many steps have been made.
  Index steps() const { return steps_; }

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
  }

 protected:
  template <class Net>
  Optimizer(Net& net, double lr, std::size_t states, double initial = 0.0)
      : LearningRate(lr),
        parameters_(flat_parameters(net)),
        state_(states, Vector::Constant(parameters_->size(), static_cast<Scalar>(initial))) {
    state_.push_back(Vector::Zero(parameters_->size()));
  }

  /// Counts a step and takes rule(p, g, state...) off every parameter p with its gradient g; the rule changes the
  /// states in place. It is called with packs of numbers where there is SIMD.
  ///
  /// What is lost when a small step is taken off a large parameter is kept and taken off the next time (Kahan, 1965),
  /// as if the parameters had twice their digits: in float, a long training stays near what it is in double.
  template <class Rule, std::size_t... I>
  void update(const Rule& rule, std::index_sequence<I...>) {
    ++steps_;
    constexpr Index grain = 32768, alone = 8 * grain;  // waking threads takes longer than a small net's update
    const Index size = parameters_->size();
    Scalar* const p = parameters_->value.data();
    const Scalar* const g = parameters_->gradient.data();
    Scalar* const lost = state_.back().data();
    detail::parallel_ranges(size, size < alone ? size : grain, [&](Index begin, Index end) {
      Index i = begin;
      if constexpr (detail::has_pack<Scalar>) {
        using P = Pack<Scalar>;
        // `load` and `store` handle whole packs, or the numbers that are left at the end.
        const auto apply = [&](const auto& load, const auto& store) {
          P parameter = load(p), rest = load(lost);
          std::array<P, sizeof...(I)> state{load(state_[I].data())...};
          detail::subtract_compensated(parameter, rule(parameter, load(g), state[I]...), rest);
          store(parameter, p);
          store(rest, lost);
          (store(normal(state[I]), state_[I].data()), ...);
        };
        for (; i + P::size <= end; i += P::size)
          apply([i](const Scalar* from) { return P::load(from + i); },
                [i](P numbers, Scalar* to) { numbers.store(to + i); });
        if (const Index n = end - i; n > 0)
          apply([i, n](const Scalar* from) { return P::load(from + i, n); },
                [i, n](P numbers, Scalar* to) { numbers.store(to + i, n); });
      } else {
        for (; i < end; ++i) detail::subtract_compensated(p[i], rule(p[i], g[i], state_[I][i]...), lost[i]);
      }
    });
  }
  template <std::size_t States, class Rule>
  void update(const Rule& rule) {
    update(rule, std::make_index_sequence<States>{});
  }

 private:
  // x, but 0 where it is so near to it that the processor computes with it slowly: as the momenta of weights without a
  // gradient soon are.
  static Pack<Scalar> normal(Pack<Scalar> x) {
    const Pack<Scalar> least(std::numeric_limits<Scalar>::min());
    return math::select(math::less(math::abs(x), least), Pack<Scalar>(0), x);
  }

  std::shared_ptr<FlatParameters<Scalar>> parameters_;
  std::vector<Vector> state_;
  Index steps_ = 0;
};

}  // namespace tinynet
