// cross_entropy(net(x), y) and other losses of a net on a device as one operation of the tape, by the kernels of the
// fused step: what nn/fused_loss.hpp is on the CPU.
#pragma once

#include <algorithm>
#include <tinynet/cuda/fused_step.hpp>
#include <tinynet/cuda/fused_update.hpp>
#include <tinynet/cuda/kernel_net.hpp>
#include <tinynet/cuda/row_loss.hpp>
#include <tinynet/nn/fused_loss.hpp>
#include <tinynet/optim/optimizer.hpp>

namespace tinynet {
namespace detail {

/// The loss of a fused step on the tape, with the gradients of the parts of the rows. backward() leaves it to whoever
/// needs the parameters' gradient to add them up.
template <class Number, class Device>
class DeviceFusedLoss final : public Node<On<Number, Device>>, public PendingGradient<On<Number, Device>> {
  using Scalar = On<Number, Device>;

 public:
  /// `ranks`: the processes that have other rows, or null.
  DeviceFusedLoss(const std::shared_ptr<FlatParameters<Scalar>>& parameters, int parts,
                  const DeviceRanks<Device>* ranks)
      : Node<Scalar>("fused_loss", {1, 1}, true),
        ranks_(ranks),
        parameters_(parameters),
        held_(parameters),
        size_(static_cast<int>(parameters->size())),
        parts_(parts),
        gradients_(parts * parameters->size()),
        losses_(parts) {}

  /// Before a step on no rows at all, which writes no gradients.
  void clear() { fill(gradients_.data(), Index{size_} * parts_, Number(0)); }

  ~DeviceFusedLoss() override {
    if (upstream_ != nullptr) this->tape->free_numbers(upstream_, 1);
  }

  bool is_leaf() const override { return false; }
  bool null_is_one() const override { return true; }

  void backward() override {
    const auto parameters = parameters_.lock();
    held_.reset();
    if (parameters == nullptr) return;  // nobody can see their gradient any more
    ParameterRange<Scalar>{parameters, 0, parameters->size()}.require_in_place();
    if (pending_) parameters->gradient.data();  // of a graph that was retained: the other one comes first
    std::swap(this->gradient, upstream_);       // what was there goes back to the tape; null: 1
    ++this->references;
    pending_ = true;
    parameters->gradient.add(this, Var<Scalar, 1, 1>(this));
  }

  void put(Scalar* sum, bool accumulate) override {
    if (ranks_ != nullptr && accumulate) {  // the sum over the processes is of these gradients alone
      const Buffer<Scalar> own(size_);
      put(own.data(), false);
      return add(own.data(), size_, sum);
    }
    auto arguments = update_arguments<0>(gpu::KeepParameters{}, sum);
    arguments.add = accumulate;
    DeviceRuntime<Device>::launch(arguments);
    if (ranks_ != nullptr) ranks_->sum(sum, size_);
  }

  /// Whether other processes have other rows, and put() is all that can be done.
  bool is_shared() const { return ranks_ != nullptr; }

  /// The same, along with a step of the parameters: see gpu::UpdateArguments.
  template <class Rule, std::size_t States>
  void put_and_step(const Rule& rule, Scalar* sum, Scalar* lost, Scalar* written,
                    const std::array<Scalar*, States>& state) {
    auto arguments = update_arguments<static_cast<int>(States)>(rule, sum);
    arguments.parameters = parameters();
    arguments.lost = address(lost);
    arguments.written = address(written);
    std::transform(state.begin(), state.end(), arguments.state, [](Scalar* numbers) { return address(numbers); });
    DeviceRuntime<Device>::launch(arguments);
  }

  Number* gradients() { return address(gradients_.data()); }
  double* losses() { return address(losses_.data()); }
  Number* parameters() const { return address(parameters_.lock()->value.data()); }

 private:
  template <int States, class Rule>
  auto update_arguments(const Rule& rule, Scalar* sum) {
    pending_ = false;
    return gpu::UpdateArguments<Rule, States, Number>{.rule = rule,
                                                      .partial = address(gradients_.data()),
                                                      .parts = parts_,
                                                      .size = size_,
                                                      .factor = Number(1),
                                                      .upstream = address(upstream_),
                                                      .add = false,
                                                      .gradient = address(sum),
                                                      .parameters = nullptr,
                                                      .lost = nullptr,
                                                      .state = {}};
  }

  const DeviceRanks<Device>* ranks_;
  std::weak_ptr<FlatParameters<Scalar>> parameters_;  // which hold this node as long as their gradient is pending
  std::shared_ptr<FlatParameters<Scalar>> held_;      // until then
  int size_, parts_;
  Buffer<Scalar> gradients_;
  Buffer<On<double, Device>> losses_;
  Scalar* upstream_ = nullptr;  // the derivative by the loss
  bool pending_ = false;
};

/// A step of the parameters in a range; of all of them with the sum of the gradients of a fused step that is still
/// pending, in one kernel.
template <class Rule, class Number, class Device, std::size_t States>
void update_all(const Rule& rule, const ParameterRange<On<Number, Device>>& parameters, On<Number, Device>* lost,
                On<Number, Device>* written, const std::array<On<Number, Device>*, States>& state) {
  auto& gradient = parameters.storage->gradient;
  if (parameters.is_whole()) {
    const auto [taken, owner] = gradient.take();
    if (auto* const pending = static_cast<DeviceFusedLoss<Number, Device>*>(taken)) {  // nothing else is ever pending
      if (!pending->is_shared()) return pending->put_and_step(rule, gradient.numbers(), lost, written, state);
      pending->put(gradient.numbers(), false);
    }
  }
  update_parameters(rule, parameters.size, parameters.values(), parameters.gradients(), lost, state, written);
}

/// Calls f with the plan whose tiles have as many rows as there is memory for.
template <class Layers, class Number, class Table, class F>
void with_plan(int shared_bytes, const F& f) {
  constexpr int little = gpu::largest_tile<Layers, Number, Table>(64 << 10),
                some = gpu::largest_tile<Layers, Number, Table>(99 << 10),
                much = gpu::largest_tile<Layers, Number, Table>(227 << 10);
  const auto fits = [&]<int Rows>(std::integral_constant<int, Rows>) {
    if constexpr (Rows > 0) {
      using Plan = gpu::StepPlan<Layers, Number, Table, Rows>;
      if (Plan::shared_bytes() > shared_bytes) return false;
      f(std::type_identity<Plan>{});
      return true;
    }
    return false;
  };
  if constexpr (much > some)
    if (fits(std::integral_constant<int, much>{})) return;
  if constexpr (some > little)
    if (fits(std::integral_constant<int, some>{})) return;
  fits(std::integral_constant<int, little>{});
}

/// Calls f(table, plan) with the rows' numbers and the plan (as a std::type_identity) that a fused step of this output
/// has, if there is one.
template <class Net, class Source, class F>
void with_fused_plan(const Output<Net, Source>& output, const F& f) {
  using Number = number_of<typename Net::Scalar>;
  using Device = device_of<typename Net::Scalar>;
  using Layers = decltype(KernelNet<Net>::layers(output.net()));
  output.input().as_rows().visit([&]<class Table>(const On<Table, Device>* table) {
    if constexpr (std::is_same_v<Table, std::uint8_t> || std::is_same_v<Table, Number>)
      with_plan<Layers, Number, Table>(DeviceRuntime<Device>::shared_bytes(), [&](auto plan) { f(table, plan); });
  });
}

/// The flat parameters of an output's net if a loss of it can take the fused way, else null.
template <class Net, class Source>
auto device_fused_way(const Output<Net, Source>& output) {
  using Scalar = typename Net::Scalar;
  using Layers = decltype(KernelNet<Net>::layers(output.net()));
  std::shared_ptr<FlatParameters<Scalar>> flat;
  if (!recording || engine() == Engine::tape || output.is_computed()) return flat;
  bool possible = false;
  with_fused_plan(output, [&](const auto*, auto) { possible = true; });
  if (possible)
    if (auto range = contiguous_parameters(output.net()); range && range.is_whole()) flat = std::move(range.storage);
  return flat != nullptr && flat->size() == Layers::parameters ? flat : nullptr;  // a layer may be without bias
}

/// Records the fused step of a net; `row_loss(outputs)`, with their number as an integral_constant, gives the loss of a
/// row, and `factor` scales the sum of these.
template <class Net, class Source, class RowLoss>
auto record_device_fused(const std::shared_ptr<FlatParameters<typename Net::Scalar>>& flat,
                         const Output<Net, Source>& output, const RowLoss& row_loss, double factor) {
  using Scalar = typename Net::Scalar;
  using Number = number_of<Scalar>;
  using Device = device_of<Scalar>;
  const auto& rows = output.input().as_rows();
  using Layers = decltype(KernelNet<Net>::layers(output.net()));
  const Layers layers = KernelNet<Net>::layers(output.net());
  auto& tape = Tape<Scalar>::current();
  auto* const node =
      tape.template append<DeviceFusedLoss<Number, Device>>(flat, gpu::Parts(rows.rows()).count(), rows.ranks());
  const Var<Scalar, 1, 1> y(node);
  y.node()->value = tape.allocate_numbers(1);
  if (rows.rows() == 0) node->clear();  // other processes have all of them
  with_fused_plan(output, [&]<class Plan>(const auto* table, std::type_identity<Plan>) {
    const auto loss = row_loss(std::integral_constant<int, Layers::out.back()>{});
    DeviceRuntime<Device>::launch(gpu::StepArguments<Plan, std::remove_const_t<decltype(loss)>>{
        .net = layers,
        .loss = loss,
        .x = address(table),
        .rows = rows.rows(),
        .stride = rows.row_stride(),
        .selection = rows.selection() == nullptr ? nullptr : address(rows.selection()),
        .table_targets = false,
        .scale = static_cast<Number>(rows.scale()),
        .parameters = node->parameters(),
        .partial = node->gradients(),
        .partial_loss = node->losses(),
        .loss_factor = factor,
        .total = address(y.node()->value),
        .arrived = DeviceRuntime<Device>::arrived()});
  });
  if (rows.ranks() != nullptr) rows.ranks()->sum(y.node()->value, 1);
  return y;
}

/// Throws if the input does not fit the net; returns the shape of the outputs.
template <class Net, class Source>
Shape check_device_input(const Output<Net, Source>& output) {
  using Layers = decltype(KernelNet<Net>::layers(output.net()));
  const Shape shape = output.input().shape();
  require_shapes(shape.cols == Layers::in.front(), "linear",
                 "the input must have as many columns as the weight [out, in]", shape,
                 Shape{Layers::out.front(), Layers::in.front()});
  return {shape.rows, Layers::out.back()};
}

/// A target of the program's or of the device's as numbers of the device.
template <class Scalar, class T>
decltype(auto) target_on_device(const T& target) {
  if constexpr (is_device_matrix<T>)
    return (target);
  else
    return to(target.derived().template cast<number_of<Scalar>>(), device_of<Scalar>{});
}

template <class F, class Net, class Source, class T, class General>
auto device_elementwise_loss(const char* name, const F& f, const Output<Net, Source>& output, const T& target,
                             Reduction reduction, const General& general) {
  using Scalar = typename Net::Scalar;
  const auto flat = device_fused_way(output);
  if (!flat) return general();
  const Shape shape = check_device_input(output);
  require_shapes(Shape{target.rows(), target.cols()} == shape, name,
                 "the input and the target must have the same shape", shape, {target.rows(), target.cols()});
  const auto& wanted = target_on_device<Scalar>(target);
  const Index all_rows = output.input().as_rows().all_rows();
  const double factor = reduction == Reduction::mean ? 1.0 / static_cast<double>(all_rows * shape.cols) : 1.0;
  const auto row_loss = [&]<int Outputs>(std::integral_constant<int, Outputs>) {
    return gpu::ElementwiseRow<number_of<Scalar>, Outputs, F>{address(wanted.data()),
                                                              static_cast<number_of<Scalar>>(factor), f};
  };
  return record_device_fused(flat, output, row_loss, factor);
}

}  // namespace detail

/// An output of a net on a device that the kernels can be generated for.
template <class Net, class Source>
concept DeviceFusibleOutput = detail::HasKernels<Net> && detail::is_data_input<Source>;

/// See cross_entropy in autodiff/ops/loss.hpp: the same, by the fused step if it can be.
template <class Net, class Source, Labels L>
requires DeviceFusibleOutput<Net, Source>
auto cross_entropy(const Output<Net, Source>& output, const L& labels, CrossEntropyOptions options = {}) {
  using Scalar = typename Net::Scalar;
  using Number = detail::number_of<Scalar>;
  const auto flat = detail::device_fused_way(output);
  if (!flat) return cross_entropy(output.var(), labels, options);
  const Shape shape = detail::check_device_input(output);
  const auto& rows = output.input().as_rows();
  detail::require_some_rows(rows.all_rows());
  const auto& classes = detail::checked_labels<Scalar>(labels, shape, options.ignore_index);
  const double factor = detail::row_factor(options, labels, rows.all_rows(), rows.share().ranks);
  const auto row_loss = [&]<int Outputs>(std::integral_constant<int, Outputs>) {
    return detail::gpu::CrossEntropyRow<Number, Outputs>{
        detail::address(classes.data()), static_cast<Number>(options.label_smoothing), static_cast<Number>(factor)};
  };
  return detail::record_device_fused(flat, output, row_loss, factor);
}

/// See mse_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, class T>
requires(DeviceFusibleOutput<Net, Source> && (EigenOperand<T> || detail::is_device_matrix<T>)) auto mse_loss(
    const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::device_elementwise_loss("mse_loss", functions::SquaredError{}, output, target, reduction,
                                         [&] { return mse_loss(output.var(), target, reduction); });
}

/// See l1_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, class T>
requires(DeviceFusibleOutput<Net, Source> && (EigenOperand<T> || detail::is_device_matrix<T>)) auto l1_loss(
    const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::device_elementwise_loss("l1_loss", functions::AbsoluteError{}, output, target, reduction,
                                         [&] { return l1_loss(output.var(), target, reduction); });
}

/// See huber_loss in autodiff/ops/loss.hpp.
template <class Net, class Source, class T>
requires(DeviceFusibleOutput<Net, Source> &&
         (EigenOperand<T> || detail::is_device_matrix<T>)) auto huber_loss(const Output<Net, Source>& output,
                                                                           const T& target, HuberOptions options = {}) {
  return detail::device_elementwise_loss("huber_loss", functions::HuberError{options.delta}, output, target,
                                         options.reduction, [&] { return huber_loss(output.var(), target, options); });
}

/// See bce_with_logits in autodiff/ops/loss.hpp.
template <class Net, class Source, class T>
requires(DeviceFusibleOutput<Net, Source> && (EigenOperand<T> || detail::is_device_matrix<T>)) auto bce_with_logits(
    const Output<Net, Source>& output, const T& target, Reduction reduction = Reduction::mean) {
  return detail::device_elementwise_loss("bce_with_logits", functions::LogitsError{}, output, target, reduction,
                                         [&] { return bce_with_logits(output.var(), target, reduction); });
}

}  // namespace tinynet
