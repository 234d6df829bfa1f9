// cross_entropy(net(x), y) and other losses as one operation of the tape, where the net is a chain of linear layers and
// activations and nobody has looked at net(x) yet.
#pragma once

#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/cpu/fused_mlp.hpp>
#include <tinynet/nn/output.hpp>
#include <tinynet/nn/stages.hpp>

namespace tinynet {
namespace detail {

/// The loss of a fused step on the tape. The gradients are there already; backward() adds them to the parameters'.
template <class Scalar>
class FusedLoss final : public Node<Scalar> {
 public:
  explicit FusedLoss(std::shared_ptr<FlatParameters<Scalar>> parameters)
      : Node<Scalar>("fused_loss", {1, 1}, true), parameters_(std::move(parameters)), gradient_(parameters_->size()) {}

  bool is_leaf() const override { return false; }
  void backward() override {
    const Scalar dy = *this->Node<Scalar>::gradient;
    parameters_->gradient +=
        dy * Eigen::Map<const typename FlatParameters<Scalar>::Vector>(gradient_.data(), parameters_->size());
  }

  Scalar* gradient_of(const Scalar* parameter) {
    return parameter == nullptr ? nullptr : gradient_.data() + (parameter - parameters_->value.data());
  }

 private:
  std::shared_ptr<FlatParameters<Scalar>> parameters_;
  Buffer<Scalar> gradient_;
};

/// The flat vector that all parameters of a net make up, or null if something else is in it or they are apart.
template <class Net>
std::shared_ptr<FlatParameters<typename Net::Scalar>> whole_flat_vector(const Net& net) {
  std::shared_ptr<FlatParameters<typename Net::Scalar>> flat;
  Index offset = 0;
  bool whole = true;
  visit_members(
      net, "",
      [&](const std::string&, const auto& parameter) {
        if (!flat) flat = parameter.storage();
        whole = whole && parameter.storage() == flat && parameter.offset() == offset;
        offset += parameter.size();
      },
      [](const std::string&, const auto&) {});
  return whole && flat && flat->size() == offset ? flat : nullptr;
}

template <class Scalar, class... Stages>
FusedStep<Scalar, Stages...> fused_step_of(std::type_identity<Scalar>, const std::tuple<Stages...>&);

/// The FusedStep of a net.
template <Fusible Net>
using FusedStepOf =
    decltype(fused_step_of(std::type_identity<typename Net::Scalar>{}, stages_of(std::declval<const Net&>())));

/// Records the fused step of a net with a loss of its rows; `factor` scales the sum of the rows' losses.
template <class Net, class Loss>
auto record_fused(const std::shared_ptr<FlatParameters<typename Net::Scalar>>& flat, const Net& net, const Rows& x,
                  const Loss& loss, double factor) {
  using Scalar = typename Net::Scalar;
  const auto stages = stages_of(net);
  constexpr std::size_t count = std::tuple_size_v<decltype(stages)>;
  auto& tape = Tape<Scalar>::current();
  auto* const node = tape.template append<FusedLoss<Scalar>>(flat);
  const Var<Scalar, 1, 1> y(node);
  y.node()->value = tape.allocate_numbers(1);
  std::array<Scalar*, count> weights, biases;
  std::apply(
      [&](const auto&... stage) {
        std::size_t i = 0;
        ((weights[i] = node->gradient_of(stage.weight), biases[i] = node->gradient_of(stage.bias), ++i), ...);
      },
      stages);
  const double total = FusedStepOf<Net>(stages).run(x, loss, weights, biases);
  *y.node()->value = static_cast<Scalar>(total * factor);
  return y;
}

/// The flat parameters of an output's net if a loss of it can take the fused way, else null.
template <class Net, class Source>
auto fused_way(const Output<Net, Source>& output) {
  return recording && engine() != Engine::tape && !output.is_computed() ? whole_flat_vector(output.net()) : nullptr;
}

template <class Net>
void check_input_width(const Rows& x) {
  using Step = FusedStepOf<Net>;
  require_shapes(x.cols() == Step::Inputs, "linear", "the input must have as many columns as the weight [out, in]",
                 x.shape(), {Step::FirstOutputs, Step::Inputs});
}

/// A loss that is a sum over elements, of an output that is not yet computed; `general` records it the general way.
template <class F, class Net, class Source, class T, class General>
Var<typename Net::Scalar, 1, 1> fused_elementwise_loss(const char* name, const F& f, const Output<Net, Source>& output,
                                                       const T& target, Reduction reduction, const General& general) {
  using Scalar = typename Net::Scalar;
  using P = Pack<Scalar>;
  const auto flat = fused_way(output);
  if (!flat) return general();
  const Rows& x = output.input().rows;
  check_input_width<Net>(x);
  constexpr Index outputs = FusedStepOf<Net>::Outputs, columns = padded<Scalar>(outputs);
  static_assert(may_equal(T::ColsAtCompileTime, outputs), "tinynet: a loss of matrices of different sizes");
  const Shape shape{x.rows(), outputs};
  require_shapes(Shape{target.rows(), target.cols()} == shape, name,
                 "the input and the target must have the same shape", shape, {target.rows(), target.cols()});
  Buffer<Scalar> wanted(x.rows() * columns);  // the target in whole packs
  Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>(wanted.data(), shape.rows, shape.cols,
                                                      Eigen::OuterStride<>(columns)) =
      target.derived().template cast<Scalar>().matrix();
  const double factor = reduction == Reduction::mean ? 1.0 / static_cast<double>(shape.size()) : 1.0;
  const auto loss = [&](Index row, const Scalar* y, Scalar* dy) {
    const Scalar* const t = wanted.data() + row * columns;
    Scalar total(0);
    for (Index j = 0; j < columns; j += P::size) {
      const Index n = std::min(P::size, outputs - j);
      const P yj = P::load(y + j, n), tj = P::load(t + j, n);
      (f.derivative(yj, tj) * P(factor)).store(dy + j);
      const P values = f(yj, tj);
      alignas(64) Scalar numbers[P::size];
      values.store(numbers);
      for (Index i = 0; i < n; ++i) total += numbers[i];
    }
    return total;
  };
  return record_fused(flat, output.net(), x, loss, factor);
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
  using Step = detail::FusedStepOf<Net>;
  const auto flat = detail::fused_way(output);
  if (!flat) return cross_entropy(output.var(), labels, options);
  const Rows& x = output.input().rows;
  detail::check_input_width<Net>(x);
  detail::Buffer<std::int32_t> classes(x.rows());
  detail::copy_labels(labels, {x.rows(), Step::Outputs}, classes.data());
  const double factor = options.reduction == Reduction::mean ? 1.0 / static_cast<double>(x.rows()) : 1.0;
  const auto loss = [&](Index row, const Scalar* logits, Scalar* gradient) {
    return detail::cross_entropy_padded<Step::Outputs>(logits, classes[row], options.label_smoothing,
                                                       static_cast<Scalar>(factor), gradient);
  };
  return detail::record_fused(flat, output.net(), x, loss, factor);
}

/// See mse_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, EigenOperand T>
requires FusibleOutput<Net, Source>
auto mse_loss(const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::fused_elementwise_loss("mse_loss", functions::SquaredError{}, output, target, reduction,
                                        [&] { return mse_loss(output.var(), target, reduction); });
}

/// See bce_with_logits in autodiff/ops/loss.hpp.
template <class Net, class Source, EigenOperand T>
requires FusibleOutput<Net, Source>
auto bce_with_logits(const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::fused_elementwise_loss("bce_with_logits", functions::LogitsError{}, output, target, reduction,
                                        [&] { return bce_with_logits(output.var(), target, reduction); });
}

}  // namespace tinynet
