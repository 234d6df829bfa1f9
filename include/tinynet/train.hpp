// Training and evaluation for those who do not want to write the loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <tinynet/autodiff/tape.hpp>
#include <tinynet/core/named_tensor.hpp>
#include <tinynet/data/batches.hpp>
#include <tinynet/nn/fused_loss.hpp>
#include <vector>

namespace tinynet {

/// How long and on what `fit` trains.
struct FitOptions {
  Index steps = 1000;  ///< how many to make
  Index batch = 0;     ///< rows a step; 0 means all, in order
  Seed seed{};         ///< of the order of the rows
  /// The last batch of an epoch is left out if it has fewer rows than the others: batch norm needs more than one.
  bool drop_last = false;
};

/// What a callback of `fit` is told after each step.
struct FitProgress {
  Index step;      ///< from 0
  double loss;     ///< before the step
  double seconds;  ///< since `fit` began
};

/// What `fit` did.
struct FitResult {
  Index steps = 0;     ///< how many were made
  double loss = 0;     ///< before the last step
  double seconds = 0;  ///< from start to end
};

namespace detail {

template <class X, class L>
auto batches_of(const X& x, const L& labels, const FitOptions& options) {
  const BatchOptions order{.seed = options.seed, .drop_last = options.drop_last};
  if constexpr (is_device_labels<L>)
    return DeviceBatches(x, labels, options.batch, order);
  else
    return Batches(x, labels, options.batch, order);
}

/// Throws Error (usage) if `fit` would come to a batch of fewer rows than a module of the net needs.
template <class Net, class X>
void check_batch_rows(const Net& net, const X& x, const FitOptions& options) {
  Index least = 1, rows = 0;
  if constexpr (requires { net.least_rows(); }) least = net.least_rows();
  if constexpr (requires { x.as_rows(); })
    rows = x.as_rows().rows();
  else
    rows = x.rows();
  const Index size = options.batch == 0 ? rows : std::min(options.batch, rows);
  const Index last = size > 0 && !options.drop_last ? rows % size : 0;
  const bool last_is_small = last > 0 && last < least && options.steps > rows / size;
  if (rows < 1 || options.steps < 1 || (size >= least && !last_is_small)) return;
  const std::string needs = "the net needs " + std::to_string(least) + " rows or more in training (batch norm), and ";
  if (size < least) throw Error(ErrorCode::usage, "fit: " + needs + "a step has " + std::to_string(size));
  throw Error(ErrorCode::usage, "fit: " + needs + "of " + std::to_string(rows) + " rows in batches of " +
                                    std::to_string(size) + " the last has " + std::to_string(last) +
                                    "; FitOptions::drop_last leaves it out");
}

/// "l1.weight's number 3 is nan", of the first one that is not finite.
template <class Net>
std::string nonfinite_number(const Net& net) {
  const auto found = first_nonfinite(state_dict(net));
  return found ? found->place() + " is " + std::to_string(found->value)
               : "a number that the optimizer remembers is not finite";
}

/// Throws Error (numeric) if the optimizer's last step left a number that is not finite.
template <class Net, class Opt>
void check_finite(const Net& net, const Opt& optimizer, Index step) {
  if constexpr (requires { optimizer.finite(); } && on_cpu<typename Net::Scalar>)
    if (!optimizer.finite())
      throw Error(ErrorCode::numeric, "fit: " + nonfinite_number(net) + " after step " + std::to_string(step) +
                                          "; a lower learning rate may help");
}

}  // namespace detail

/// Trains `net` on the cross entropy of its outputs for x against the labels. `on_step(progress)` is called after
/// every step; if it returns false, training ends. Throws Error: usage before the first step if a batch would have
/// fewer rows than the net needs, numeric at the step at which the loss, a parameter or something that the optimizer
/// remembers is not finite.
template <class Net, class Opt, class X, Labels L, class OnStep>
FitResult fit(const Net& net, Opt& optimizer, const X& x, const L& labels, FitOptions options, OnStep&& on_step) {
  const auto start = std::chrono::steady_clock::now();
  using BatchesOf = decltype(detail::batches_of(x, labels, options));
  std::optional<BatchesOf> batches;
  if (options.batch != 0) batches.emplace(detail::batches_of(x, labels, options));
  detail::check_batch_rows(net, x, options);
  FitResult result;
  const auto train = [&](const auto& rows, const auto& classes) {
    const auto loss = cross_entropy(net(rows), classes);
    result.loss = static_cast<double>(loss.item());
    if (!std::isfinite(result.loss))
      throw Error(ErrorCode::numeric, "fit: the loss is " + std::to_string(result.loss) + " at step " +
                                          std::to_string(result.steps) + "; a lower learning rate may help");
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    detail::check_finite(net, optimizer, result.steps);
  };
  while (result.steps < options.steps) {
    if (batches) {
      const auto [rows, classes] = batches->next();
      train(rows, classes);
    } else {
      train(x, labels);
    }
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const FitProgress progress{result.steps++, result.loss, result.seconds};
    if constexpr (std::is_convertible_v<decltype(on_step(progress)), bool>) {
      if (!on_step(progress)) break;
    } else {
      on_step(progress);
    }
  }
  return result;
}
template <class Net, class Opt, class X, Labels L>
FitResult fit(const Net& net, Opt& optimizer, const X& x, const L& labels, FitOptions options = {}) {
  return fit(net, optimizer, x, labels, options, [](const FitProgress&) {});
}

/// Other labels are a mistake that shall read as one.
template <class Net, class Opt, class X, class L>
requires(!Labels<L>) FitResult fit(const Net&, Opt&, const X&, const L&, FitOptions = {}) {
  detail::require_labels<L>();
  return {};
}
/// The same.
template <class Net, class Opt, class X, class L, class OnStep>
requires(!Labels<L>) FitResult fit(const Net&, Opt&, const X&, const L&, FitOptions, OnStep&&) {
  detail::require_labels<L>();
  return {};
}

/// A row whose class a net got wrong.
struct Misclassified {
  Index index;      ///< of the row
  Index predicted;  ///< by the net
  Index actual;     ///< the label
};

/// How good a net is on some data.
struct Evaluation {
  double loss = 0;                                                 ///< the mean cross entropy
  double accuracy = 0;                                             ///< the part that is right, 0 to 1
  std::vector<Index> predicted;                                    ///< the class of each row
  std::vector<double> confidence;                                  ///< the probability that the net gives it, 0 to 1
  Eigen::Matrix<Index, Eigen::Dynamic, Eigen::Dynamic> confusion;  ///< (actual, predicted): how many rows
  std::vector<Misclassified> misclassified;                        ///< in the order of the rows
};

/// The column of the largest number in each row, the first of equals.
/// Throws Error (numeric) if a number is NaN.
template <class Derived>
std::vector<Index> argmax_rows(const Eigen::DenseBase<Derived>& x) {
  std::vector<Index> best(static_cast<std::size_t>(x.rows()), 0);
  for (Index r = 0; r < x.rows(); ++r) {
    Index& top = best[static_cast<std::size_t>(r)];
    for (Index c = 0; c < x.cols(); ++c) {
      if (std::isnan(x(r, c)))
        throw Error(ErrorCode::numeric,
                    "argmax: the number in row " + std::to_string(r) + ", column " + std::to_string(c) + " is NaN");
      if (x(r, c) > x(r, top)) top = c;
    }
  }
  return best;
}

namespace detail {

/// The softmax of each row of logits at one of its columns.
template <class Derived>
std::vector<double> softmax_at(const Eigen::DenseBase<Derived>& logits, const std::vector<Index>& columns) {
  std::vector<double> result(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto row = static_cast<Index>(i);
    const auto chosen = static_cast<double>(logits(row, columns[i]));
    result[i] = 1 / (logits.derived().row(row).template cast<double>().array() - chosen).exp().sum();
  }
  return result;
}

/// What the program itself can read: labels, or the numbers of an output.
template <class T>
decltype(auto) on_host(const T& x) {
  if constexpr (TapeOperand<T>) {
    if constexpr (on_cpu<typename T::Scalar>)
      return x.value();
    else
      return x.var().to(cpu);
  } else if constexpr (is_device_labels<T>) {
    return x.to(cpu);
  } else {
    return (x);
  }
}

}  // namespace detail

/// Evaluates a net on x and its labels without recording anything. Call `net.eval()` before, if the net has dropout or
/// batch norm. Throws Error (numeric) if an output is NaN.
template <class Net, class X, Labels L>
Evaluation evaluate(const Net& net, const X& x, const L& labels) {
  const NoGrad guard;
  const auto output = net(x);
  Evaluation result;
  result.loss = static_cast<double>(cross_entropy(output, labels).item());
  const auto logits = detail::on_host(output);
  result.predicted = argmax_rows(logits);
  result.confidence = detail::softmax_at(logits, result.predicted);
  result.confusion.setZero(logits.cols(), logits.cols());
  const auto& host_labels = detail::on_host(labels);
  const auto label = detail::label_span(host_labels);
  for (std::size_t i = 0; i < result.predicted.size(); ++i) {
    const auto actual = static_cast<Index>(label[i]);
    ++result.confusion(actual, result.predicted[i]);
    if (result.predicted[i] != actual)
      result.misclassified.push_back({static_cast<Index>(i), result.predicted[i], actual});
  }
  const auto rows = static_cast<double>(result.predicted.size());
  result.accuracy = (rows - static_cast<double>(result.misclassified.size())) / rows;
  return result;
}
/// Other labels are a mistake that shall read as one.
template <class Net, class X, class L>
requires(!Labels<L>) Evaluation evaluate(const Net&, const X&, const L&) {
  detail::require_labels<L>();
  return {};
}

}  // namespace tinynet
