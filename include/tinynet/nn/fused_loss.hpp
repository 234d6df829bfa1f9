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

/// A loss that is a sum over elements, of an output that is not yet computed; `general` records it the general way.
template <class F, class Net, class Source, class T, class General>
Var<typename Net::Scalar, 1, 1> fused_elementwise_loss(const char* name, const F& f, const Output<Net, Source>& output,
                                                       const T& target, Reduction reduction, const General& general) {
  using Scalar = typename Net::Scalar;
  using P = Pack<Scalar>;
  const auto flat = fused_way(output);
  if (!flat) return general();
  static_assert(may_equal(T::ColsAtCompileTime, Output<Net, Source>::VarType::Cols),
                "tinynet: a loss of matrices of different sizes");
  const Rows& x = output.input().as_rows();
  const auto stages = output.net().stages();
  const Index outputs = check_fused_input(x, stages), columns = padded<Scalar>(outputs);
  const Shape shape{x.rows(), outputs};
  require_shapes(Shape{target.rows(), target.cols()} == shape, name,
                 "the input and the target must have the same shape", shape, {target.rows(), target.cols()});
  Buffer<Scalar> wanted(x.rows() * columns);  // the target in whole packs
  Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>(wanted.data(), shape.rows, shape.cols,
                                                      Eigen::OuterStride<>(columns)) =
      target.derived().template cast<Scalar>().matrix();
  const double factor = reduction == Reduction::mean ? 1.0 / static_cast<double>(x.all_rows() * shape.cols) : 1.0;
  const auto loss = [&](Index begin, Index rows, const Scalar* y, Scalar* dy) {
    double total = 0;
    for (Index r = 0; r < rows; ++r)
      for (Index j = 0; j < columns; j += P::size) {
        const Index n = std::min(P::size, outputs - j), i = r * columns + j;
        const P yj = P::load(y + i, n), tj = P::load(wanted.data() + (begin + r) * columns + j, n);
        (f.derivative(yj, tj) * P(factor)).store(dy + i);
        alignas(64) Scalar numbers[P::size];
        f(yj, tj).store(numbers);
        for (Index k = 0; k < n; ++k) total += static_cast<double>(numbers[k]);
      }
    return total;
  };
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
