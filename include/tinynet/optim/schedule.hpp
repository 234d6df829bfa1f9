// Schedules of the learning rate, as in torch.optim.lr_scheduler: make one from an optimizer, call step() once an
// epoch (or a batch).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <tinynet/core/error.hpp>
#include <tinynet/optim/optimizer.hpp>

namespace tinynet {

/// The base of schedules that are a function of the number of steps; Derived has `double at(Index step) const`.
/// The optimizer must outlive the schedule.
template <class Derived>
class Schedule {
 public:
  /// One epoch (or batch) on.
  void step() { optimizer_.set_lr(static_cast<const Derived*>(this)->at(++steps_)); }
  /// How many steps have been made.
  Index steps() const { return steps_; }

 protected:
  /// Goes out from the rate that the optimizer has now.
  explicit Schedule(LearningRate& optimizer) : optimizer_(optimizer), initial_(optimizer.lr()) {}
  /// The optimizer's rate when the schedule was made.
  double initial() const { return initial_; }
  /// Sets the rate of step 0, where that is not the initial one.
  void start() { optimizer_.set_lr(static_cast<const Derived*>(this)->at(0)); }

 private:
  LearningRate& optimizer_;
  double initial_;
  Index steps_ = 0;
};

/// lr times gamma every `step_size` steps.
class StepLR : public Schedule<StepLR> {
 public:
  /// Throws Error (usage) unless step_size is positive.
  StepLR(LearningRate& optimizer, Index step_size, double gamma = 0.1)
      : Schedule(optimizer), step_size_(step_size), gamma_(gamma) {
    if (step_size <= 0) throw Error(ErrorCode::usage, "StepLR: the step size must be positive");
  }
  /// The rate after so many steps.
  double at(Index step) const { return initial() * std::pow(gamma_, static_cast<double>(step / step_size_)); }

 private:
  Index step_size_;
  double gamma_;
};

/// lr times gamma every step.
class ExponentialLR : public Schedule<ExponentialLR> {
 public:
  /// Of this optimizer.
  ExponentialLR(LearningRate& optimizer, double gamma) : Schedule(optimizer), gamma_(gamma) {}
  /// The rate after so many steps.
  double at(Index step) const { return initial() * std::pow(gamma_, static_cast<double>(step)); }

 private:
  double gamma_;
};

/// From lr to eta_min along half a cosine wave of t_max steps, and back (Loshchilov and Hutter, 2017).
class CosineAnnealingLR : public Schedule<CosineAnnealingLR> {
 public:
  /// Throws Error (usage) unless t_max is positive.
  CosineAnnealingLR(LearningRate& optimizer, Index t_max, double eta_min = 0.0)
      : Schedule(optimizer), t_max_(t_max), eta_min_(eta_min) {
    if (t_max <= 0) throw Error(ErrorCode::usage, "CosineAnnealingLR: t_max must be positive");
  }
  /// The rate after so many steps.
  double at(Index step) const {
    const double phase = std::numbers::pi * static_cast<double>(step) / static_cast<double>(t_max_);
    return eta_min_ + (initial() - eta_min_) * (1 + std::cos(phase)) / 2;
  }

 private:
  Index t_max_;
  double eta_min_;
};

/// With PyTorch's names and defaults.
struct OneCycleOptions {
  double pct_start = 0.3;         ///< the part of the steps in which lr rises
  double div_factor = 25.0;       ///< max_lr / the lr at the start
  double final_div_factor = 1e4;  ///< the lr at the start / the lr at the end
};

/// From max_lr / div_factor up to max_lr and down again along two half cosine waves (Smith, 2018). The momentum stays
/// as it is, as with PyTorch's cycle_momentum=False.
class OneCycleLR : public Schedule<OneCycleLR> {
 public:
  /// Sets the first rate. Throws Error (usage) unless total_steps is positive.
  OneCycleLR(LearningRate& optimizer, double max_lr, Index total_steps, OneCycleOptions options = {})
      : Schedule(optimizer), max_lr_(max_lr), total_(total_steps), options_(options) {
    if (total_steps <= 0) throw Error(ErrorCode::usage, "OneCycleLR: the number of steps must be positive");
    start();
  }
  /// Throws Error (usage) beyond the last step.
  double at(Index step) const {
    if (step > total_)
      throw Error(ErrorCode::usage, "OneCycleLR: step " + std::to_string(step) + " of " + std::to_string(total_));
    const double low = max_lr_ / options_.div_factor;
    const double peak = options_.pct_start * static_cast<double>(total_) - 1;
    const auto now = static_cast<double>(step);
    if (now <= peak) return peak > 0 ? anneal(low, max_lr_, now / peak) : max_lr_;
    return anneal(max_lr_, low / options_.final_div_factor, (now - peak) / (static_cast<double>(total_) - 1 - peak));
  }

 private:
  static double anneal(double from, double to, double part) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * part));
  }

  double max_lr_;
  Index total_;
  OneCycleOptions options_;
};

/// With PyTorch's names and defaults.
struct PlateauOptions {
  double factor = 0.1;      ///< what lr is multiplied by
  Index patience = 10;      ///< steps without improvement that are let pass
  double threshold = 1e-4;  ///< the relative improvement that counts
  Index cooldown = 0;       ///< steps after a reduction in which nothing is counted
  double min_lr = 0.0;      ///< lr is not made smaller
  double eps = 1e-8;        ///< smaller changes of lr are not made
};

/// lr times `factor` when a loss has stopped falling.
class ReduceLROnPlateau {
 public:
  /// Of this optimizer.
  explicit ReduceLROnPlateau(LearningRate& optimizer, PlateauOptions options = {})
      : optimizer_(optimizer), options_(options) {}

  /// One epoch on, with the loss it ended with.
  void step(double loss) {
    if (loss < best_ * (1 - options_.threshold)) {
      best_ = loss;
      bad_steps_ = 0;
    } else {
      ++bad_steps_;
    }
    if (cooldown_ > 0) {
      --cooldown_;
      bad_steps_ = 0;
    }
    if (bad_steps_ <= options_.patience) return;
    const double lr = std::max(optimizer_.lr() * options_.factor, options_.min_lr);
    if (optimizer_.lr() - lr > options_.eps) optimizer_.set_lr(lr);
    cooldown_ = options_.cooldown;
    bad_steps_ = 0;
  }

 private:
  LearningRate& optimizer_;
  PlateauOptions options_;
  double best_ = std::numeric_limits<double>::infinity();
  Index bad_steps_ = 0, cooldown_ = 0;
};

}  // namespace tinynet
