// Modules one after another: a chain whose types are known, and a list put together at run time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tinynet/nn/module.hpp>
#include <tinynet/nn/stages.hpp>
#include <tuple>
#include <utility>
#include <vector>

namespace tinynet {
namespace detail {

/// The scalar type of the first module that has numbers, void if none has.
template <class... Modules>
struct ChainScalar {
  using type = void;
};
template <class First, class... Rest>
struct ChainScalar<First, Rest...> {
  using type = std::conditional_t<std::is_void_v<typename First::Scalar>, typename ChainScalar<Rest...>::type,
                                  typename First::Scalar>;
};

/// Do the layers that say how many features they take and give fit one another? `features` is what the chain gives so
/// far. What lies between (activations, dropout, norms) leaves the number as it is.
template <class... Modules>
constexpr bool chain_fits(Index features = dynamic) {
  bool fits = true;
  [[maybe_unused]] const auto check = [&]<class M>(std::type_identity<M>) {
    if constexpr (requires { M::InFeatures; }) {
      fits = fits && may_equal(features, M::InFeatures);
      features = M::OutFeatures;
    }
  };
  (check(std::type_identity<Modules>{}), ...);
  return fits;
}

}  // namespace detail

/// A chain of modules, called "0", "1", ...: Sequential net{Linear<4, 8>{generator}, ReLU{}, Linear<8, 3>{generator}}.
template <class... Modules>
class Sequential : public Module<Sequential<Modules...>, typename detail::ChainScalar<Modules...>::type> {
  static_assert(detail::chain_fits<Modules...>(),
                "tinynet: Sequential: a layer takes another number of features than the layer before it gives");

 public:
  using Scalar = typename detail::ChainScalar<Modules...>::type;

  /// Of these modules, in this order.
  explicit Sequential(Modules... modules) : modules_(std::move(modules)...) {
    join();
    detail::place_masks(*this, true);
  }
  Sequential(const Sequential& other) : Module<Sequential, Scalar>(other), modules_(other.modules_) { join(); }
  Sequential(Sequential&&) noexcept = default;
  Sequential& operator=(const Sequential& other) {  // in place where the shapes are the same
    modules_ = other.modules_;
    join();
    return *this;
  }
  Sequential& operator=(Sequential&&) noexcept = default;
  ~Sequential() = default;

  template <class Other>
  using Rebind = Sequential<detail::Rebound<Modules, detail::device_of<Other>>...>;
  template <class... Others>
  requires(sizeof...(Others) == sizeof...(Modules) &&
           !std::is_same_v<Sequential<Others...>, Sequential>) explicit Sequential(const Sequential<Others...>& other)
      : Sequential(other, std::index_sequence_for<Modules...>{}) {}

  template <class X>
  auto forward(const X& x) const {
    return forward_from<0>(x);
  }

  /// Module i, from 0.
  template <std::size_t I>
  auto& get() & {
    return std::get<I>(modules_);
  }
  template <std::size_t I>
  const auto& get() const& {
    return std::get<I>(modules_);
  }
  template <std::size_t I>
  auto get() && {
    return std::get<I>(std::move(modules_));
  }

  /// The layers of a chain as the fused kernels see them.
  auto stages() const requires(sizeof...(Modules) > 0 && detail::IsChain<Modules...>::value &&
                               (0 + ... + detail::is_linear<Modules>) <= detail::most_fused_stages) {
    detail::StageList<Scalar> list;
    members(*this, [&](const char*, const auto& module) { list.add(module); });
    return list;
  }

  static void members(auto& self, auto&& visit) {
    std::apply(
        [&](auto&... module) {
          std::size_t i = 0;
          (visit(std::to_string(i++).c_str(), module), ...);
        },
        self.modules_);
  }
  std::string name() const { return "Sequential"; }

 private:
  template <class Other, std::size_t... I>
  Sequential(const Other& other, std::index_sequence<I...>) : modules_(Modules(other.template get<I>())...) {
    join();
  }

  // The parameters of all modules become one flat vector.
  void join() {
    if constexpr (!std::is_void_v<Scalar>)
      if (auto list = detail::parameter_list(*this); !list.empty()) detail::flatten(list);
  }

  template <std::size_t I, class X>
  auto forward_from(const X& x) const {
    if constexpr (I == sizeof...(Modules))
      return x;
    else
      return forward_from<I + 1>(std::get<I>(modules_).forward(x));
  }

  std::tuple<Modules...> modules_;
};

/// A list of modules put together at run time: SequentialList<float> net; net.add(...). On a GPU it is put together of
/// modules that are there, net.add(module.to(cuda)): SequentialList<decltype(module.to(cuda))::Scalar>.
template <class Scalar_ = float>
class SequentialList : public Module<SequentialList<Scalar_>, Scalar_> {
 public:
  using Scalar = Scalar_;

  SequentialList() = default;
  SequentialList(const SequentialList& other) : Module<SequentialList, Scalar>(other) {
    for (const auto& entry : other.entries_) entries_.push_back(entry->clone());
    join();
  }
  SequentialList(SequentialList&&) noexcept = default;
  SequentialList& operator=(const SequentialList& other) {  // in place where the modules are of the same kind and shape
    entries_.resize(other.entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (!entries_[i] || !entries_[i]->assign(*other.entries_[i])) entries_[i] = other.entries_[i]->clone();
    join();
    return *this;
  }
  SequentialList& operator=(SequentialList&&) noexcept = default;
  ~SequentialList() = default;

  /// Appends a module. Optimizers are to be made after the last one.
  template <class M>
  requires detail::IsModule<M> SequentialList& add(M module) {
    static_assert(std::is_void_v<typename M::Scalar> || std::is_same_v<typename M::Scalar, Scalar>,
                  "tinynet: SequentialList: the module has another scalar type than the list");
    entries_.push_back(std::make_unique<Entry<M>>(std::move(module)));
    join();
    detail::place_masks(*this, true);
    return *this;
  }
  /// How many modules there are.
  Index size() const { return static_cast<Index>(entries_.size()); }
  /// Module i, from 0, for who knows what it is: `list.get<Linear<>>(2)`. Throws Error (usage) if there is none, or it
  /// is another.
  template <class M>
  M& get(Index i) {
    auto* const entry =
        i >= 0 && i < size() ? dynamic_cast<Entry<M>*>(entries_[static_cast<std::size_t>(i)].get()) : nullptr;
    if (entry == nullptr)
      throw Error(ErrorCode::usage, "SequentialList: module " + std::to_string(i) + " of " + std::to_string(size()) +
                                        " is not of the kind that was asked for");
    return entry->module;
  }
  template <class M>
  const M& get(Index i) const {
    return const_cast<SequentialList&>(*this).template get<M>(i);
  }

  /// Does not compile, and says why: a list has forgotten the types of its modules.
  template <class Device>
  SequentialList to(Device) const {
    static_assert(std::is_void_v<Device>,
                  "tinynet: SequentialList has forgotten its modules' types; make one of modules that are there: "
                  "list.add(module.to(device))");
    return *this;
  }

  template <class X>
  Var<Scalar> forward(const X& x) const {
    if (entries_.empty()) throw Error(ErrorCode::usage, "SequentialList: there are no modules in it");
    Var<Scalar> y = entries_.front()->forward(any_size(x));
    for (std::size_t i = 1; i < entries_.size(); ++i) y = entries_[i]->forward(y);
    return y;
  }

  /// Passes it on to all modules.
  void train(bool on = true) {
    for (auto& entry : entries_) entry->train(on);
  }
  // As in other modules.
  Index least_rows() const {
    Index least = 1;
    for (const auto& entry : entries_) least = std::max(least, entry->least_rows());
    return least;
  }
  void visit_masks(const detail::OnMasks& f) const {
    for (const auto& entry : entries_) entry->visit_masks(f);
  }

  // For detail::visit_members and detail::print, which cannot see the types in the list.
  /// What `members` is for other modules: calls the functions with the path and each parameter or buffer.
  template <class OnParameter, class OnBuffer>
  void visit_all(const std::string& prefix, const OnParameter& on_parameter, const OnBuffer& on_buffer) const {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      entries_[i]->visit(
          prefix.empty() ? std::to_string(i) : prefix + "." + std::to_string(i),
          [&](const std::string& name, AnyParameter<Scalar>& p) { on_parameter(name, p); },
          [&](const std::string& name, NamedTensor<Scalar>& b) { on_buffer(name, b); });
  }
  /// Prints the list as PyTorch prints a Sequential.
  void print_all(std::ostream& out, const std::string& indent) const {
    out << "Sequential(";
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      out << '\n' << indent << "  (" << i << "): ";
      entries_[i]->print(out, indent + "  ");
    }
    out << (entries_.empty() ? "" : "\n" + indent) << ')';
  }

 private:
  using OnParameter = std::function<void(const std::string&, AnyParameter<Scalar>&)>;
  using OnBuffer = std::function<void(const std::string&, NamedTensor<Scalar>&)>;

  struct AnyEntry {
    virtual ~AnyEntry() = default;
    virtual Var<Scalar> forward(const Var<Scalar>& x) const = 0;
    virtual Var<Scalar> forward(const DataInput<Scalar, dynamic, dynamic>& x) const = 0;
    virtual void visit(const std::string& prefix, const OnParameter&, const OnBuffer&) = 0;
    virtual void print(std::ostream& out, const std::string& indent) const = 0;
    virtual void train(bool on) = 0;
    virtual Index least_rows() const = 0;
    virtual void visit_masks(const detail::OnMasks& f) const = 0;
    virtual std::unique_ptr<AnyEntry> clone() const = 0;
    virtual bool assign(const AnyEntry& other) = 0;
  };

  template <class M>
  struct Entry final : AnyEntry {
    explicit Entry(M m) : module(std::move(m)) {}
    Var<Scalar> forward(const Var<Scalar>& x) const override { return module.forward(x); }
    Var<Scalar> forward(const DataInput<Scalar, dynamic, dynamic>& x) const override { return module.forward(x); }
    void visit(const std::string& prefix, const OnParameter& on_parameter, const OnBuffer& on_buffer) override {
      detail::visit_members(module, prefix, on_parameter, [&](const std::string& name, auto& buffer) {
        NamedTensor<Scalar> tensor = detail::named_buffer(name, buffer);
        on_buffer(name, tensor);
      });
    }
    void print(std::ostream& out, const std::string& indent) const override { detail::print(out, module, indent); }
    void train(bool on) override { module.train(on); }
    Index least_rows() const override { return module.least_rows(); }
    void visit_masks(const detail::OnMasks& f) const override { module.visit_masks(f); }
    std::unique_ptr<AnyEntry> clone() const override { return std::make_unique<Entry>(*this); }
    bool assign(const AnyEntry& other) override {
      const auto* const same = dynamic_cast<const Entry*>(&other);
      if (same != nullptr) module = same->module;
      return same != nullptr;
    }
    M module;
  };

  // The input without sizes in its type.
  template <class X>
  static auto any_size(const X& x) {
    if constexpr (detail::is_data_input<X>)
      return DataInput<Scalar, dynamic, dynamic>(x.lent());
    else
      return detail::as_var<Scalar>(x);
  }

  void join() {
    if (auto list = detail::parameter_list(*this); !list.empty()) detail::flatten(list);
  }

  std::vector<std::unique_ptr<AnyEntry>> entries_;
};

}  // namespace tinynet
