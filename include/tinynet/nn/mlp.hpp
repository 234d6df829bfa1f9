// The multi-layer perceptron: linear layers with an activation between them.
#pragma once

#include <array>
#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/stages.hpp>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace tinynet {
namespace detail {

/// The names of an MLP's layers: l1, l2, ..., and lo for the last.
inline std::string layer_name(Index layer, Index layers) {
  return layer + 1 == layers ? "lo" : std::string("l") + std::to_string(layer + 1);
}

}  // namespace detail

/// Linear layers of the given sizes with an activation between two of them: BasicMLP<float, ReLU, 784, 30, 30, 10> has
/// 784 inputs, two hidden layers of 30 and 10 outputs. Layers are called l1, l2, ..., lo.
template <class Scalar_, class Activation_, Index... Sizes>
class BasicMLP : public Module<BasicMLP<Scalar_, Activation_, Sizes...>, Scalar_> {
  static_assert(sizeof...(Sizes) >= 2, "tinynet: MLP<sizes...> needs at least two sizes: the inputs and the outputs");
  static_assert(((Sizes > 0) && ...), "tinynet: MLP<sizes...>: every size must be positive");

 public:
  using Scalar = Scalar_;
  /// The module between two layers.
  using Activation = Activation_;
  /// The inputs, the hidden layers, the outputs.
  static constexpr std::array<Index, sizeof...(Sizes)> sizes{Sizes...};
  /// How many linear layers there are.
  static constexpr Index layers = sizeof...(Sizes) - 1;

  /// The next weights of the program's own generator (see manual_seed).
  BasicMLP() : BasicMLP(detail::DefaultGenerator().get()) {}
  /// The weights that PyTorch's default initialisation gives after torch.manual_seed(seed).
  explicit BasicMLP(Seed seed, Activation activation = Activation()) : BasicMLP(Generator(seed), activation) {}
  /// The next weights of this generator.
  explicit BasicMLP(Generator& generator, Activation activation = Activation())
      : layers_(make(generator, std::make_index_sequence<layers>{})), activation_(activation) {
    flat_parameters(*this);
  }
  BasicMLP(const BasicMLP& other)
      : Module<BasicMLP, Scalar>(other), layers_(other.layers_), activation_(other.activation_) {
    flat_parameters(*this);
  }
  BasicMLP(BasicMLP&&) noexcept = default;
  BasicMLP& operator=(const BasicMLP&) = default;
  BasicMLP& operator=(BasicMLP&&) noexcept = default;
  ~BasicMLP() = default;

  template <class Other>
  using Rebind = BasicMLP<Other, Activation, Sizes...>;
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit BasicMLP(const BasicMLP<Other, Activation, Sizes...>& other)
      : layers_(rebound(other, std::make_index_sequence<layers>{})), activation_(other.activation()) {
    flat_parameters(*this);
  }

  template <class X>
  auto forward(const X& x) const {
    return forward_from<0>(x);
  }

  /// Layer i, from 0.
  template <Index I>
  auto& layer() & {
    return std::get<I>(layers_);
  }
  template <Index I>
  const auto& layer() const& {
    return std::get<I>(layers_);
  }
  template <Index I>
  auto layer() && {
    return std::get<I>(std::move(layers_));
  }
  /// The module between two layers.
  const Activation& activation() const& { return activation_; }
  Activation activation() && { return activation_; }

  /// The layers as the fused kernels see them.
  auto stages() const
      requires(detail::has_pack<Scalar>&& detail::FusibleActivation<Activation>&& layers <= detail::most_fused_stages) {
    detail::StageList<Scalar> list;
    members(*this, [&](const char*, const auto& layer) {
      if (list.size > 0) list.add(activation_);
      list.add(layer);
    });
    return list;
  }

  static void members(auto& self, auto&& visit) {
    std::apply(
        [&](auto&... layer) {
          Index i = 0;
          (visit(detail::layer_name(i++, layers).c_str(), layer), ...);
        },
        self.layers_);
  }
  std::string name() const { return "MLP"; }

 private:
  template <std::size_t... I>
  static std::tuple<Linear<sizes[I], sizes[I + 1], Scalar>...> layers_type(std::index_sequence<I...>);
  using Layers = decltype(layers_type(std::make_index_sequence<layers>{}));

  explicit BasicMLP(Generator&& generator, Activation activation) : BasicMLP(generator, activation) {}

  // A braced list is evaluated from left to right: the layers draw their numbers in order.
  template <std::size_t... I>
  static Layers make(Generator& generator, std::index_sequence<I...>) {
    return Layers{Linear<sizes[I], sizes[I + 1], Scalar>(generator)...};
  }

  template <class Other, std::size_t... I>
  static Layers rebound(const Other& other, std::index_sequence<I...>) {
    return Layers{Linear<sizes[I], sizes[I + 1], Scalar>(other.template layer<I>())...};
  }

  template <std::size_t I, class X>
  auto forward_from(const X& x) const {
    const auto y = std::get<I>(layers_).forward(x);
    if constexpr (I + 1 == layers)
      return y;
    else
      return forward_from<I + 1>(activation_.forward(y));
  }

  Layers layers_;
  Activation activation_;
};

/// MLP<784, 30, 30, 10>: float, with ReLU between the layers.
template <Index... Sizes>
using MLP = BasicMLP<float, ReLU, Sizes...>;

/// The same with sizes and activation given at run time.
template <class Scalar_ = float>
class DynamicMLP : public Module<DynamicMLP<Scalar_>, Scalar_> {
 public:
  using Scalar = Scalar_;
  /// The type of a layer.
  using Layer = Linear<dynamic, dynamic, Scalar>;

  /// `sizes`: the inputs, the hidden layers, the outputs; with the weights of this seed, the next ones of a generator,
  /// or the next ones of the program's own (see manual_seed). Throws Error (usage) for fewer than two sizes, or one
  /// that is not positive.
  explicit DynamicMLP(const std::vector<Index>& sizes, AnyActivation activation = ReLU{})
      : DynamicMLP(sizes, activation, detail::DefaultGenerator().get()) {}
  DynamicMLP(const std::vector<Index>& sizes, AnyActivation activation, Seed seed)
      : DynamicMLP(sizes, activation, Generator(seed)) {}
  DynamicMLP(const std::vector<Index>& sizes, AnyActivation activation, Generator& generator)
      : activation_(activation) {
    if (sizes.size() < 2)
      throw Error(ErrorCode::usage, "DynamicMLP: expected at least two sizes, found " + std::to_string(sizes.size()));
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) layers_.emplace_back(sizes[i], sizes[i + 1], generator);
    flat_parameters(*this);
  }
  DynamicMLP(const DynamicMLP& other)
      : Module<DynamicMLP, Scalar>(other), layers_(other.layers_), activation_(other.activation_) {
    flat_parameters(*this);
  }
  DynamicMLP(DynamicMLP&&) noexcept = default;
  DynamicMLP& operator=(const DynamicMLP& other) {  // in place where the shapes are the same
    layers_ = other.layers_;
    activation_ = other.activation_;
    flat_parameters(*this);
    return *this;
  }
  DynamicMLP& operator=(DynamicMLP&&) noexcept = default;
  ~DynamicMLP() = default;

  template <class Other>
  using Rebind = DynamicMLP<Other>;
  template <class Other>
  requires(!std::is_same_v<Other, Scalar>) explicit DynamicMLP(const DynamicMLP<Other>& other)
      : activation_(other.activation()) {
    for (const auto& layer : other.layers()) layers_.emplace_back(layer);
    flat_parameters(*this);
  }

  template <class X>
  Var<Scalar> forward(const X& x) const {
    Var<Scalar> y = layers_.front().forward(x);
    for (std::size_t i = 1; i < layers_.size(); ++i)
      y = layers_[i].forward(
          std::visit([&y](const auto& activation) -> Var<Scalar> { return activation.forward(y); }, activation_));
    return y;
  }

  /// The linear layers, from the first.
  const std::vector<Layer>& layers() const& { return layers_; }
  std::vector<Layer> layers() && { return std::move(layers_); }
  /// Layer i, from 0. Throws std::out_of_range if there is none.
  Layer& layer(Index i) & { return layers_.at(static_cast<std::size_t>(i)); }
  const Layer& layer(Index i) const& { return layers_.at(static_cast<std::size_t>(i)); }
  /// The module between two layers.
  const AnyActivation& activation() const& { return activation_; }
  AnyActivation activation() && { return activation_; }

  /// The layers as the fused kernels see them; none if there are too many.
  auto stages() const requires detail::has_pack<Scalar> {
    detail::StageList<Scalar> list;
    if (static_cast<Index>(layers_.size()) > detail::most_fused_stages) return list;
    for (const Layer& layer : layers_) {
      if (list.size > 0) std::visit([&list](const auto& activation) { list.add(activation); }, activation_);
      list.add(layer);
    }
    return list;
  }

  static void members(auto& self, auto&& visit) {
    const auto count = static_cast<Index>(self.layers_.size());
    for (Index i = 0; i < count; ++i)
      visit(detail::layer_name(i, count).c_str(), self.layers_[static_cast<std::size_t>(i)]);
  }
  std::string name() const { return "MLP"; }

 private:
  DynamicMLP(const std::vector<Index>& sizes, AnyActivation activation, Generator&& generator)
      : DynamicMLP(sizes, activation, generator) {}

  std::vector<Layer> layers_;
  AnyActivation activation_;
};

}  // namespace tinynet
