// Loss functions: how wrong a net is, as one number, the mean over the rows (or elements) or the sum.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/labels.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/cpu/softmax.hpp>
#include <utility>

namespace tinynet {

/// What becomes of the losses of the rows (or elements): their mean or their sum.
enum class Reduction { mean, sum };

/// What cross_entropy can be asked for, with PyTorch's defaults.
struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;  ///< of the losses
  double label_smoothing = 0.0;           ///< this much of the target is spread evenly over all classes
  /// Rows with this label, which need not be a class, do not count: not in the sum, nor in the number that the mean is
  /// divided by. If none counts, the mean is NaN. (In PyTorch it is -100 if nothing is said.) With labels that are on a
  /// device it is an Error (usage).
  std::optional<std::int64_t> ignore_index{};
};

namespace detail {

/// What the sum of the rows' losses is multiplied by, where there are so many rows with those of other processes.
template <class L>
double row_factor(const CrossEntropyOptions& options, const L& labels, Index all_rows, const Ranks* ranks) {
  if (options.reduction == Reduction::sum) return 1.0;
  auto rows = static_cast<double>(all_rows);
  if constexpr (!is_device_labels<L>)
    if (const auto ignore = options.ignore_index) {
      rows = 0;
      for (const auto label : label_span(labels)) rows += std::cmp_equal(label, *ignore) ? 0 : 1;
      if (ranks != nullptr) ranks->sum(std::span<double>(), std::span(&rows, 1));
    }
  return 1.0 / rows;
}

/// Records a loss whose value and gradient (empty if it is not wanted) are computed already.
template <class Scalar, class X>
auto record_loss(const char* name, const X& x, const Buffer<Scalar>& value, Buffer<Scalar>&& delta) {
  if (will_record(x)) require_general_way(name);
  sum_over_ranks(x, value.data(), 1);
  return record<1, 1, Scalar, RowUse::sum>(
      name, {1, 1}, [&](Scalar* y) { copy(value.data(), 1, y); },
      [delta = std::move(delta)](const Result<Scalar>& y, const Input<Scalar>& in) {
        transform_into(in.target(), in.shape(), functions::Multiply{},
                       Source<Scalar>(delta.data(), in.shape(), in.shape()),
                       Source<Scalar>(y.gradient, {1, 1}, in.shape()));
      },
      x);
}

}  // namespace detail

/// The cross entropy of softmax(x) against the right classes: the mean (or sum) over the rows of -log
/// softmax(x)[label], as PyTorch's F.cross_entropy. x [N, classes], N labels in [0, classes). Throws Error (data) for a
/// label out of range and Error (usage) if the sizes disagree.
template <TapeOperand X, Labels L>
auto cross_entropy(const X& logits, const L& labels, CrossEntropyOptions options = {}) {
  using Scalar = typename X::Scalar;
  const auto x = detail::as_var<Scalar>(logits);
  const Shape shape = x.shape();
  detail::require_some_rows(detail::all_rows(x));
  const auto& label = detail::checked_labels<Scalar>(labels, shape, options.ignore_index);
  const bool wanted = detail::will_record(x);
  const double factor = detail::row_factor(options, labels, detail::all_rows(x), x.node()->share().ranks);
  const detail::Buffer<Scalar> value(1);
  detail::Buffer<Scalar> delta(wanted ? shape.size() : 1);
  using detail::cross_entropy_forward;
  cross_entropy_forward(x.node()->value, shape, label.data(), options.label_smoothing, factor, value.data(),
                        wanted ? delta.data() : nullptr);
  return detail::record_loss<Scalar>("cross_entropy", x, value, std::move(delta));
}

/// Other labels are a mistake that shall read as one.
template <TapeOperand X, class L>
requires(!Labels<L>) auto cross_entropy(const X& logits, const L&, CrossEntropyOptions options = {}) {
  detail::require_labels<L>();
  return cross_entropy(logits, std::array<int, 1>{}, options);
}

namespace functions {

// A loss of two numbers: the value, and the derivative by the first.

/// (x - t)^2.
struct SquaredError : Vectorized {
  template <class T>
  constexpr T operator()(T x, T t) const {
    return (x - t) * (x - t);
  }
  template <class T>
  constexpr T derivative(T x, T t) const {
    return T(2) * (x - t);
  }
};

/// |x - t|, with derivative 0 at 0.
struct AbsoluteError : Vectorized {
  template <class T>
  constexpr T operator()(T x, T t) const {
    return math::abs(x - t);
  }
  template <class T>
  constexpr T derivative(T x, T t) const {
    return Abs{}.derivative(x - t, x);
  }
};

/// d^2 / 2 for |d| <= delta, delta (|d| - delta / 2) beyond.
struct HuberError : Vectorized {
  double delta = 1;  ///< where the parabola becomes a line
  /// With this delta.
  explicit HuberError(double bound = 1) : delta(bound) {}
  template <class T>
  constexpr T operator()(T x, T t) const {
    const T d = math::abs(x - t);
    const auto far = math::less(T(delta), d);
    const T near = math::select(far, T(0), d);  // the square of the others may be too large for a number
    return math::select(far, T(delta) * (d - T(0.5 * delta)), T(0.5) * near * near);
  }
  template <class T>
  constexpr T derivative(T x, T t) const {
    const T d = x - t;
    const T clipped = math::select(math::less(T(delta), d), T(delta), d);
    return math::select(math::less(clipped, T(-delta)), T(-delta), clipped);
  }
};

/// max(x, 0) - x t + log(1 + e^-|x|): binary cross entropy of sigmoid(x) against t in [0, 1].
struct LogitsError : Vectorized {
  template <class T>
  constexpr T operator()(T x, T t) const {
    return value_and_derivative(x, t).first;
  }
  template <class T>
  constexpr T derivative(T x, T t) const {
    const T e = math::exp(-math::abs(x));
    return slope(x, t, e, T(1) / (T(1) + e));
  }
  /// Both, which have the exponential and the quotient in common.
  template <class T>
  constexpr std::pair<T, T> value_and_derivative(T x, T t) const {
    const T e = math::exp(-math::abs(x)), u = T(1) + e, r = T(1) / u;
    // log(1 + e) with what rounding took from 1 + e.
    return {ReLU{}(x)-x * t + (math::log(u) + (e - (u - T(1))) * r), slope(x, t, e, r)};
  }

 private:
  // sigmoid(x) = 1 / (1 + e^-x) = e^x / (1 + e^x)
  template <class T>
  static constexpr T slope(T x, T t, T e, T r) {
    return math::select(math::less(x, T(0)), e, T(1)) * r - t;
  }
};

}  // namespace functions

namespace detail {

/// factor f'(x, t)
template <class F>
struct ScaledDerivative : Like<F> {
  F f;
  double factor;
  ScaledDerivative(const F& function, double number) : f(function), factor(number) {}
  template <class T>
  constexpr T operator()(T x, T t) const {
    return f.derivative(x, t) * T(factor);
  }
};

template <class F, class X, class T>
auto elementwise_loss(const char* name, const F& f, const X& operand, const T& wanted_values, Reduction reduction) {
  using Scalar = typename X::Scalar;
  const auto x = as_var<Scalar>(operand);
  const auto t = as_var<Scalar>(wanted_values);
  static_assert(may_equal(decltype(x)::Rows, decltype(t)::Rows) && may_equal(decltype(x)::Cols, decltype(t)::Cols),
                "tinynet: a loss of matrices of different sizes");
  const Shape shape = x.shape();
  require_shapes(shape == t.shape(), name, "the input and the target must have the same shape", shape, t.shape());
  if (will_record(t))
    throw Error(ErrorCode::usage, std::string(name) +
                                      ": the target wants a gradient, which is not computed; "
                                      "give target.detach()");
  const double factor = reduction == Reduction::mean ? 1.0 / static_cast<double>(all_rows(x) * shape.cols) : 1.0;
  const Source<Scalar> xs(x.node()->value, shape, shape), ts(t.node()->value, shape, shape);
  Buffer<Scalar> numbers(shape.size());
  const Buffer<Scalar> value(1);
  transform(shape, f, numbers.data(), xs, ts);
  sum(numbers.data(), shape.size(), factor, value.data(), false);
  if (will_record(x)) transform(shape, ScaledDerivative<F>(f, factor), numbers.data(), xs, ts);
  return record_loss<Scalar>(name, x, value, std::move(numbers));
}

}  // namespace detail

/// The mean (or sum) of (x - target)^2 over all elements.
template <TapeOperand X, class T>
auto mse_loss(const X& x, const T& target, Reduction reduction = Reduction::mean) {
  return detail::elementwise_loss("mse_loss", functions::SquaredError{}, x, target, reduction);
}

/// The mean (or sum) of |x - target|.
template <TapeOperand X, class T>
auto l1_loss(const X& x, const T& target, Reduction reduction = Reduction::mean) {
  return detail::elementwise_loss("l1_loss", functions::AbsoluteError{}, x, target, reduction);
}

/// What huber_loss can be asked for, with PyTorch's defaults.
struct HuberOptions {
  double delta = 1.0;                     ///< where the parabola becomes a line
  Reduction reduction = Reduction::mean;  ///< of the losses
};

/// The mean (or sum) of d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) elsewhere, with d = x - target.
template <TapeOperand X, class T>
auto huber_loss(const X& x, const T& target, HuberOptions options = {}) {
  return detail::elementwise_loss("huber_loss", functions::HuberError{options.delta}, x, target, options.reduction);
}

/// The mean (or sum) of the binary cross entropy of sigmoid(x) against a target in [0, 1].
template <TapeOperand X, class T>
auto bce_with_logits(const X& x, const T& target, Reduction reduction = Reduction::mean) {
  return detail::elementwise_loss("bce_with_logits", functions::LogitsError{}, x, target, reduction);
}

}  // namespace tinynet
