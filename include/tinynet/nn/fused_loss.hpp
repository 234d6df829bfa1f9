// cross_entropy(net(x), y) and other losses as one operation of the tape, where the net is a chain of linear layers and
// activations and nobody has looked at net(x) yet.
#pragma once

#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/cpu/fused_mlp.hpp>
#include <tinynet/nn/output.hpp>
#include <tinynet/nn/stages.hpp>
#include <utility>

namespace tinynet {
namespace detail {

/// The loss of a fused step on the tape. The gradients are there already; backward() adds them to the parameters'.
template <class Scalar>
class FusedLoss final : public Node<Scalar> {
 public:
  FusedLoss(ParameterRange<Scalar> parameters, const StageList<Scalar>& stages)
      : Node<Scalar>("fused_loss", {1, 1}, true),
        parameters_(std::move(parameters)),
        stages_(with_gradients(stages)),
        step_(stages_.span()) {}

  bool is_leaf() const override { return false; }
  bool null_is_one() const override { return true; }
  void backward() override {
    parameters_.require_in_place();
    step_.add_gradients(this->gradient == nullptr ? Scalar(1) : *this->gradient);
  }

  FusedStep<Scalar>& step() { return step_; }

 private:
  StageList<Scalar> with_gradients(StageList<Scalar> stages) const {
    const auto gradient_of = [this](const Scalar* parameter) {
      return parameter == nullptr ? nullptr : parameters_.gradients() + (parameter - parameters_.values());
    };
    for (std::size_t i = 0; i < stages.size; ++i) {
      stages.stage[i].weight_gradient = gradient_of(stages.stage[i].weight);
      stages.stage[i].bias_gradient = gradient_of(stages.stage[i].bias);
    }
    return stages;
  }

  ParameterRange<Scalar> parameters_;
  StageList<Scalar> stages_;
  FusedStep<Scalar> step_;
};

/// Where all parameters of a net follow one another in a flat vector, their own or that of a larger net; no range if
/// they are apart.
template <class Net>
ParameterRange<typename Net::Scalar> contiguous_parameters(const Net& net) {
  ParameterRange<typename Net::Scalar> range;
  bool together = true;
  visit_members(
      net, "",
      [&](const std::string&, const auto& parameter) {
        if (!range) range = {parameter.storage(), parameter.offset(), 0};
        together = together && parameter.storage() == range.storage && parameter.offset() == range.begin + range.size;
        range.size += parameter.size();
      },
      [](const std::string&, const auto&) {});
  return together ? range : ParameterRange<typename Net::Scalar>{};
}

/// Puts the fused step of a net on the tape; whoever runs it writes the loss there.
template <class Scalar>
std::pair<FusedLoss<Scalar>*, Var<Scalar, 1, 1>> append_fused(const ParameterRange<Scalar>& flat,
                                                              const StageList<Scalar>& stages) {
  auto& tape = Tape<Scalar>::current();
  auto* const node = tape.template append<FusedLoss<Scalar>>(flat, stages);
  const Var<Scalar, 1, 1> y(node);
  node->value = tape.allocate_numbers(1);
  return {node, y};
}

/// Records the fused step of a net with a loss of its rows; `factor` scales the sum of the rows' losses.
template <class Scalar>
Var<Scalar, 1, 1> record_fused(const ParameterRange<Scalar>& flat, const StageList<Scalar>& stages, const Rows& x,
                               const TileLoss<Scalar>& loss, double factor) {
  const auto [node, y] = append_fused(flat, stages);
  *node->value = static_cast<Scalar>(node->step().run(x, loss) * factor);
  return y;
}

/// The parameters of an output's net if a loss of it can take the fused way, else no range.
template <class Net, class Source>
auto fused_way(const Output<Net, Source>& output) {
  const bool possible = recording && output.records() && engine() != Engine::tape && !output.is_computed() &&
                        output.net().stages().size > 0;
  return possible ? contiguous_parameters(output.net()) : ParameterRange<typename Net::Scalar>{};
}

/// Throws if the input does not fit the first stage; returns the number of outputs.
template <class Scalar>
Index check_fused_input(const Rows& x, const StageList<Scalar>& stages) {
  const Stage<Scalar>& first = stages.stage[0];
  require_shapes(x.cols() == first.in, "linear", "the input must have as many columns as the weight [out, in]",
                 x.shape(), {first.out, first.in});
  return stages.stage[stages.size - 1].out;
}

/// The cross entropy of a tile's rows against their labels.
template <class Scalar>
class TileCrossEntropy {
 public:
  /// Of all rows. Throws what copy_labels does.
  template <class L>
  TileCrossEntropy(const Rows& x, Index outputs, const L& labels, const CrossEntropyOptions& options)
      : classes_(x.rows()), outputs_(outputs), smoothing_(options.label_smoothing) {
    require_some_rows(x.all_rows());
    copy_labels(labels, {x.rows(), outputs}, classes_.data(), options.ignore_index);
    factor_ = row_factor(options, labels, x.all_rows(), x.ranks());
  }

  double operator()(Index begin, Index rows, const Scalar* y, Scalar* dy) const {
    return cross_entropy_tile(rows, outputs_, y, classes_.data() + begin, smoothing_, static_cast<Scalar>(factor_), dy);
  }
  /// What the sum of the rows' losses is multiplied by.
  double factor() const { return factor_; }

 private:
  Buffer<std::int32_t> classes_;
  Index outputs_;
  double smoothing_, factor_ = 1;
};

/// A loss that is a sum over elements, of a tile's: f(y, target), where f may have value_and_derivative(y, target),
/// too. The elements are brought together in whole packs, since a function may take long.
template <class F, class Scalar>
class TileElementwise {
  using P = Pack<Scalar>;

 public:
  /// The target [rows, outputs] is of all rows; both must outlive this.
  TileElementwise(const F& f, Index outputs, const Scalar* target, double factor)
      : f_(f), target_(target), outputs_(outputs), factor_(static_cast<Scalar>(factor)) {}

  double operator()(Index begin, Index rows, const Scalar* y, Scalar* dy) const {
    const Index count = rows * outputs_;
    const bool apart = columns_ != outputs_;
    if (apart) bring_together(rows, y, dy);
    const Scalar *const x = apart ? dy : y, *const t = target_ + begin * outputs_;
    double total = 0;
    const auto pack = [&](P xi, P ti, Index i, Index n) {
      const auto [value, derivative] = both(xi, ti);
      (derivative * P(factor_)).store(dy + i);
      alignas(64) Scalar numbers[P::size];
      value.store(numbers);
      for (Index k = 0; k < n; ++k) total += static_cast<double>(numbers[k]);
    };
    Index i = 0;
    for (; i + P::size <= count; i += P::size) pack(P::load(x + i), P::load(t + i), i, P::size);
    // What fills the last pack is one of its elements again: see transform_row.
    if (const Index n = count - i; n > 0) pack(P::load(x + i, n, x[i]), P::load(t + i, n, t[i]), i, n);
    if (apart) set_apart(rows, dy);
    return total;
  }

 private:
  std::pair<P, P> both(P x, P t) const {
    if constexpr (requires { f_.value_and_derivative(x, t); })
      return f_.value_and_derivative(x, t);
    else
      return {f_(x, t), f_.derivative(x, t)};
  }

  // The rows of y one after another without their padding. A row's last pack is written beyond it, and again by the
  // next row.
  void bring_together(Index rows, const Scalar* y, Scalar* to) const {
    for (Index r = 0; r < rows; ++r)
      for (Index j = 0; j < columns_; j += P::size) P::load(y + r * columns_ + j).store(to + r * outputs_ + j);
  }

  // The other way round, in the same memory, with 0 for the padding: from the end, since the rows are farther apart.
  void set_apart(Index rows, Scalar* dy) const {
    const Index last = columns_ - P::size;
    alignas(64) Scalar kept[P::size];
    for (Index i = 0; i < P::size; ++i) kept[i] = static_cast<Scalar>(i);
    const auto is_output = math::less(P::load(kept), P(outputs_ - last));
    for (Index r = rows - 1; r >= 0; --r) {
      const Scalar* const from = dy + r * outputs_;
      Scalar* const to = dy + r * columns_;
      math::select(is_output, P::load(from + last), P(0)).store(to + last);
      for (Index j = last - P::size; j >= 0; j -= P::size) P::load(from + j).store(to + j);
    }
  }

  const F& f_;
  const Scalar* target_;
  Index outputs_, columns_ = padded<Scalar>(outputs_);
  Scalar factor_;
};

/// A loss that is a sum over elements, of an output that is not yet computed; `general` records it the general way.
template <class F, class Net, class Source, class T, class General>
Var<typename Net::Scalar, 1, 1> fused_elementwise_loss(const char* name, const F& f, const Output<Net, Source>& output,
                                                       const T& target, Reduction reduction, const General& general) {
  using Scalar = typename Net::Scalar;
  const auto flat = fused_way(output);
  if (!flat) return general();
  static_assert(may_equal(T::ColsAtCompileTime, Output<Net, Source>::VarType::Cols),
                "tinynet: a loss of matrices of different sizes");
  const Rows& x = output.input().as_rows();
  const auto stages = output.net().stages();
  const Shape shape{x.rows(), check_fused_input(x, stages)};
  require_shapes(Shape{target.rows(), target.cols()} == shape, name,
                 "the input and the target must have the same shape", shape, {target.rows(), target.cols()});
  const Buffer<Scalar> wanted(shape.size());
  MatrixView<Scalar>(wanted.data(), shape.rows, shape.cols) = target.derived().template cast<Scalar>().matrix();
  const double factor = reduction == Reduction::mean ? 1.0 / static_cast<double>(x.all_rows() * shape.cols) : 1.0;
  const TileElementwise<F, Scalar> loss(f, shape.cols, wanted.data(), factor);
  return record_fused(flat, stages, x, TileLoss<Scalar>(loss), factor);
}

}  // namespace detail

/// An output of a net that is a chain of linear layers and activations, for data.
template <class Net, class Source>
concept FusibleOutput = detail::Fusible<Net> && detail::is_data_input<Source>;

/// See cross_entropy in autodiff/ops/loss.hpp: the same, by the fused step if it can be.
template <class Net, class Source, Labels L>
requires FusibleOutput<Net, Source> Var<typename Net::Scalar, 1, 1> cross_entropy(const Output<Net, Source>& output,
                                                                                  const L& labels,
                                                                                  CrossEntropyOptions options = {}) {
  using Scalar = typename Net::Scalar;
  const auto flat = detail::fused_way(output);
  if (!flat) return cross_entropy(output.var(), labels, options);
  const Rows& x = output.input().as_rows();
  const auto stages = output.net().stages();
  const detail::TileCrossEntropy<Scalar> loss(x, detail::check_fused_input(x, stages), labels, options);
  return detail::record_fused(flat, stages, x, detail::TileLoss<Scalar>(loss), loss.factor());
}

/// See mse_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, EigenOperand T>
requires FusibleOutput<Net, Source>
auto mse_loss(const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::fused_elementwise_loss("mse_loss", functions::SquaredError{}, output, target, reduction,
                                        [&] { return mse_loss(output.var(), target, reduction); });
}

/// See l1_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, EigenOperand T>
requires FusibleOutput<Net, Source>
auto l1_loss(const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::fused_elementwise_loss("l1_loss", functions::AbsoluteError{}, output, target, reduction,
                                        [&] { return l1_loss(output.var(), target, reduction); });
}

/// See huber_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, EigenOperand T>
requires FusibleOutput<Net, Source>
auto huber_loss(const Output<Net, Source>& output, const T& target, HuberOptions options = {}) {
  return detail::fused_elementwise_loss("huber_loss", functions::HuberError{options.delta}, output, target,
                                        options.reduction, [&] { return huber_loss(output.var(), target, options); });
}

/// See bce_with_logits in autodiff/ops/loss.hpp.
template <class Net, class Source, EigenOperand T>
requires FusibleOutput<Net, Source>
auto bce_with_logits(const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::fused_elementwise_loss("bce_with_logits", functions::LogitsError{}, output, target, reduction,
                                        [&] { return bce_with_logits(output.var(), target, reduction); });
}

}  // namespace tinynet
