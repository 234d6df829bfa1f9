// Many nets that are trained at once on the same rows: these are read once for all of them.
#pragma once

#include <array>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <tinynet/core/random.hpp>
#include <tinynet/nn/fused_loss.hpp>
#include <utility>
#include <vector>

namespace tinynet {

template <Index K, class Net, class Source>
class EnsembleOutput;

/// K nets of one type (K = dynamic: as many as it is made of). Each of them is a net like any other, gets the bits that
/// it gets when it is trained alone, and has an optimizer of its own:
///
///     Ensemble<8, MLP<784, 30, 30, 10>> nets{seeds};
///     std::vector<SGD<float>> optimizers;
///     for (Index k = 0; k < nets.size(); ++k) optimizers.emplace_back(nets[k], SGDOptions{.lr = rates[k]});
///     ...
///     const auto losses = cross_entropy(nets(images), labels);  // losses[k].item()
///     nets.zero_grad();
///     losses.backward();
///     nets.for_each([&](Index k) { optimizers[k].step(); });
///
/// One whose loss is not finite any more does not disturb the others.
template <Index K, class Net_>
class Ensemble {
  static_assert(K == dynamic || K > 0, "tinynet: Ensemble<K, Net>: K must be positive, or dynamic");

 public:
  using Net = Net_;                     ///< what each of them is
  using Scalar = typename Net::Scalar;  ///< of its numbers

  /// These nets. Throws Error (usage) if they are not K.
  explicit Ensemble(std::vector<Net> nets) : nets_(std::move(nets)), stopped_(nets_.size()) {
    check_count(nets_.size());
  }
  /// A net of each seed. Throws Error (usage) if they are not K.
  explicit Ensemble(std::span<const Seed> seeds) requires std::is_constructible_v<Net, Seed> {
    check_count(seeds.size());
    nets_.reserve(seeds.size());
    for (const Seed seed : seeds) nets_.emplace_back(seed);
    stopped_.resize(seeds.size());
  }

  /// How many nets there are.
  Index size() const { return static_cast<Index>(nets_.size()); }
  /// Net k, from 0. Throws Error (usage) if there is none.
  Net& operator[](Index k) & { return nets_[place(k)]; }
  const Net& operator[](Index k) const& { return nets_[place(k)]; }
  Net operator[](Index k) && { return std::move(nets_[place(k)]); }

  /// Leaves net k out of what is computed from now on: it has no loss and takes no time.
  void stop(Index k) { stopped_[place(k)] = true; }
  /// Takes net k in again.
  void resume(Index k) { stopped_[place(k)] = false; }
  /// Whether net k is left out.
  bool is_stopped(Index k) const { return stopped_[place(k)] != 0; }

  /// The same nets on a device.
  template <class Device>
  auto to(Device device) const {
    using There = std::remove_cvref_t<decltype(nets_[0].to(device))>;
    std::vector<There> nets;
    nets.reserve(nets_.size());
    for (const Net& net : nets_) nets.push_back(net.to(device));
    Ensemble<K, There> there(std::move(nets));
    for (Index k = 0; k < size(); ++k)
      if (is_stopped(k)) there.stop(k);
    return there;
  }

  /// Sets the gradients of all nets to 0, as the optimizers' zero_grad() does.
  void zero_grad() {
    for (Net& net : nets_) net.zero_grad();
  }

  /// Calls f(k) for each net that is not stopped, at the same time for several if there are threads; of all that f does
  /// for net k, nothing may concern another one. On a device, one after another.
  template <class F>
  void for_each(const F& f) const {
    const auto call = [&](Index k, int) {
      if (!is_stopped(k)) f(k);
    };
    if constexpr (detail::on_cpu<Scalar>)
      detail::parallel_apart(size(), call);
    else
      for (Index k = 0; k < size(); ++k) call(k, 0);  // each thread has its own memory and queue there
  }

  /// What each net makes of the rows of x, not yet computed. The nets and x must outlive it.
  template <class X>
  requires(EigenOperand<std::remove_cvref_t<X>> || RowsLike<std::remove_cvref_t<X>>) auto operator()(X&& x) const& {
    using Source = decltype(detail::make_input<Scalar>(std::forward<X>(x)));
    return EnsembleOutput<K, Net, Source>(*this, detail::make_input<Scalar>(std::forward<X>(x)));
  }
  template <class X>
  void operator()(X&& x) const&& = delete;  // tinynet: the outputs of a temporary Ensemble: give it a name

 private:
  static void check_count(std::size_t found) {
    if (K != dynamic && static_cast<Index>(found) != K)
      throw Error(ErrorCode::usage,
                  "Ensemble: expected " + std::to_string(K) + " nets or seeds, found " + std::to_string(found));
  }
  std::size_t place(Index k) const {
    if (k < 0 || k >= size())
      throw Error(ErrorCode::usage, "Ensemble: net " + std::to_string(k) + " of " + std::to_string(size()));
    return static_cast<std::size_t>(k);
  }

  std::vector<Net> nets_;
  std::vector<std::uint8_t> stopped_;  // not bool: for_each may stop several at the same time
};

/// The outputs of an ensemble's nets for the same input, not yet computed.
template <Index K, class Net, class Source>
class EnsembleOutput {
 public:
  using Scalar = typename Net::Scalar;  ///< of the numbers

  /// Of these nets for this input.
  EnsembleOutput(const Ensemble<K, Net>& nets, Source input) : nets_(nets), input_(std::move(input)) {}

  /// How many there are.
  Index size() const { return nets_.size(); }
  /// That of net k alone.
  Output<Net, Source> operator[](Index k) const { return {nets_[k], input_}; }
  /// The nets that they are the outputs of.
  const Ensemble<K, Net>& nets() const { return nets_; }
  /// The input that they are the outputs for.
  const Source& input() const& { return input_; }
  Source input() const&& { return input_; }

 private:
  const Ensemble<K, Net>& nets_;
  Source input_;
};

/// A loss of each net of an ensemble.
template <class Scalar_>
class EnsembleLosses {
 public:
  using Scalar = Scalar_;  ///< of the numbers

  /// These, one a net; without value for those that have none.
  explicit EnsembleLosses(std::vector<Var<Scalar, 1, 1>> losses) : losses_(std::move(losses)) {}
  EnsembleLosses(const EnsembleLosses&) = default;
  EnsembleLosses(EnsembleLosses&&) noexcept = default;
  EnsembleLosses& operator=(const EnsembleLosses&) = default;
  EnsembleLosses& operator=(EnsembleLosses&&) noexcept = default;
  /// The last goes first, so that in the next step each net gets the same memory again: a GPU's graph stays as it is.
  ~EnsembleLosses() {
    while (!losses_.empty()) losses_.pop_back();
  }

  /// How many nets there are.
  Index size() const { return static_cast<Index>(losses_.size()); }
  /// Whether net k has one: it had not been stopped.
  bool has(Index k) const { return losses_.at(static_cast<std::size_t>(k)).node() != nullptr; }
  /// That of net k, a loss like any other: losses[k].item(), losses[k].backward(). Without value if there is none.
  const Var<Scalar, 1, 1>& operator[](Index k) const& { return losses_.at(static_cast<std::size_t>(k)); }
  Var<Scalar, 1, 1> operator[](Index k) const&& { return (*this)[k]; }

  /// Adds the gradient of each loss to its net's parameters.
  void backward(RetainGraph retain = {}) const {
    std::vector<detail::Node<Scalar>*> fused;
    for (const auto& loss : losses_) {
      if (loss.node() == nullptr) continue;
      if (detail::on_cpu<Scalar> && loss.node()->inputs().empty() && loss.node()->null_is_one())
        fused.push_back(loss.node());
      else
        loss.backward(retain);
    }
    if (!fused.empty()) fused.front()->tape->backward_apart(fused, retain.value);
  }

 private:
  std::vector<Var<Scalar, 1, 1>> losses_;
};

namespace detail {

/// Cross entropies of several nets on the same rows, whose fused steps are made together.
template <class Scalar>
class FusedCrossEntropies {
 public:
  /// `x` must outlive this.
  explicit FusedCrossEntropies(const Rows& x) : x_(x) {}

  /// The loss of one more net, whose number run() will write.
  template <class L>
  Var<Scalar, 1, 1> add(const ParameterRange<Scalar>& flat, const StageList<Scalar>& stages, const L& labels,
                        const CrossEntropyOptions& options) {
    TileCrossEntropy<Scalar> tiles(x_, check_fused_input(x_, stages), labels, options);
    const auto [node, y] = append_fused(flat, stages);
    losses_.push_back({std::move(tiles), node});
    return y;
  }

  void run() {
    std::vector<typename FusedStep<Scalar>::Run> runs;
    for (const auto& [tiles, node] : losses_) runs.push_back({&node->step(), TileLoss<Scalar>(tiles)});
    FusedStep<Scalar>::run_together(x_, runs);
    for (const auto& [tiles, node] : losses_) *node->value = static_cast<Scalar>(node->step().total() * tiles.factor());
  }

 private:
  struct Loss {
    TileCrossEntropy<Scalar> tiles;
    FusedLoss<Scalar>* node;
  };

  const Rows& x_;
  std::vector<Loss> losses_;
};

}  // namespace detail

/// Labels of their own for each net.
template <class T>
concept LabelLists = std::ranges::random_access_range<T> && std::ranges::sized_range<T> &&
    Labels<std::remove_cvref_t<std::ranges::range_reference_t<T>>>;

/// The cross entropy of each net that is not stopped: what cross_entropy gives for it alone, by one pass over the rows
/// where it can be, else one net after another. `labels`: those of the rows, or as many lists of them as there are
/// nets. Throws Error as cross_entropy does for one net, and (usage) if the number of lists is another.
template <Index K, class Net, class Source, class L>
requires(Labels<L> || LabelLists<L>) EnsembleLosses<typename Net::Scalar> cross_entropy(
    const EnsembleOutput<K, Net, Source>& outputs, const L& labels, CrossEntropyOptions options = {}) {
  using Scalar = typename Net::Scalar;
  if constexpr (!Labels<L>)
    if (static_cast<Index>(std::ranges::size(labels)) != outputs.size())
      throw Error(ErrorCode::usage, "cross_entropy: expected labels for each of " + std::to_string(outputs.size()) +
                                        " nets, found " + std::to_string(std::ranges::size(labels)) + " lists");
  const auto labels_of = [&]([[maybe_unused]] Index k) -> decltype(auto) {
    if constexpr (Labels<L>)
      return (labels);
    else
      return std::ranges::begin(labels)[k];
  };
  std::vector<Var<Scalar, 1, 1>> losses(static_cast<std::size_t>(outputs.size()));
  const auto for_each_net = [&](const auto& compute) {
    for (Index k = 0; k < outputs.size(); ++k)
      if (!outputs.nets().is_stopped(k)) compute(outputs[k], labels_of(k), losses[static_cast<std::size_t>(k)]);
  };
  if constexpr (FusibleOutput<Net, Source>) {
    detail::FusedCrossEntropies<Scalar> together(outputs.input().as_rows());
    for_each_net([&](const auto& output, const auto& classes, auto& loss) {
      if (const auto flat = detail::fused_way(output))
        loss = together.add(flat, output.net().stages(), classes, options);
      else
        loss = cross_entropy(output, classes, options);
    });
    together.run();
  } else {
    for_each_net(
        [&](const auto& output, const auto& classes, auto& loss) { loss = cross_entropy(output, classes, options); });
  }
  return EnsembleLosses<Scalar>(std::move(losses));
}
/// Other labels are a mistake that shall read as one.
template <Index K, class Net, class Source, class L>
requires(!Labels<L> && !LabelLists<L>) auto cross_entropy(const EnsembleOutput<K, Net, Source>& outputs, const L&,
                                                          CrossEntropyOptions options = {}) {
  detail::require_labels<L>();
  return cross_entropy(outputs, std::array<int, 1>{}, options);
}

}  // namespace tinynet
