// What all layers and nets have in common: they are called like functions, and know their parameters by name.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <tinynet/autodiff/parameter.hpp>
#include <tinynet/core/named_tensor.hpp>
#include <tinynet/nn/mask_stream.hpp>
#include <tinynet/nn/output.hpp>
#include <type_traits>
#include <vector>

namespace tinynet {

template <class M>
auto state_dict(M& module);

namespace detail {

template <class M>
auto parameter_list(M& module);

template <class M, class Device>
struct Rebind {
  using type = typename M::template Rebind<moved_to<typename M::Scalar, Device>>;
};
template <class M, class Device>
requires std::is_void_v<typename M::Scalar>
struct Rebind<M, Device> {
  using type = M;
};
/// A module's type on another device.
template <class M, class Device>
using Rebound = typename Rebind<M, Device>::type;

/// What a module is called with: a value on the tape, or data.
template <class X>
concept ModuleInput = TapeOperand<X> || is_data_input<X> || EigenOperand<X> || RowsLike<X>;

/// An output that is computed now and needs the net no more.
template <class Y>
auto computed(const Y& y) {
  if constexpr (requires { y.is_computed(); })
    return typename Y::VarType(y.var());
  else
    return y;
}

}  // namespace detail

/// The base of every module. A module has
///   - `forward(x) const`, x a Var or data (what `operator()` passes on), which returns a Var;
///   - `static void members(auto& self, auto&& visit)`, which calls visit(name, member) for each parameter, each
///     buffer (an Eigen matrix that is kept but not trained) and each module in it, in order;
///   - `std::string description() const` if it has no modules in it: the line that stands for it in the net's print;
///     else `std::string name() const`, which is printed before the list of these;
///   - `using Scalar`, through the second argument: void if it has no numbers of its own;
///   - if it has, and is to live on other devices: `template <class Other> using Rebind`, the same module with
///     numbers of another type, and a constructor from that.
template <class Derived, class Scalar_ = float>
class Module {
 public:
  using Scalar = Scalar_;

  /// The output for an input: computed and recorded at once for a Var, later for data (see Output).
  /// Data are an Eigen matrix, map or expression with a row an example, or images. A matrix, map or block is read where
  /// it lies: it must stay as it is until `backward()`, which says so, if it does not, in builds with assertions; give
  /// `constant(x)` where it cannot. Images and batches stay by themselves. A module that is a temporary
  /// computes its output at once.
  template <class X>
  requires detail::ModuleInput<std::remove_cvref_t<X>>
  auto operator()(X&& x) const& {
    using T = std::remove_cvref_t<X>;
    if constexpr (detail::is_data_input<T>) {
      return derived().forward(x);
    } else if constexpr (TapeOperand<T>) {
      return derived().forward(detail::as_var<typename T::Scalar>(x));
    } else {
      using Number = std::conditional_t<std::is_void_v<Scalar>, typename detail::DataScalar<T>::type, Scalar>;
      using Source = decltype(detail::make_input<Number>(std::forward<X>(x)));
      return Output<Derived, Source>(derived(), detail::make_input<Number>(std::forward<X>(x)));
    }
  }
  template <class X>
  requires detail::ModuleInput<std::remove_cvref_t<X>>
  auto operator()(X&& x) const&& { return detail::computed((*this)(std::forward<X>(x))); }

  static void members(auto&, auto&&) {}

  /// Dropout and batch norm behave differently in training and afterwards; a new net is in training mode.
  void train(bool on = true) {
    Derived::members(derived(), [on](const auto&, auto& member) {
      if constexpr (requires { member.train(on); }) member.train(on);
    });
  }
  /// The net is used, not trained: the same as train(false).
  void eval() { derived().train(false); }

  /// How many rows it needs at once: 2 with batch norm in training mode, else 1.
  Index least_rows() const {
    Index least = 1;
    Derived::members(derived(), [&least](const auto&, const auto& member) {
      if constexpr (requires { member.least_rows(); }) least = std::max<Index>(least, member.least_rows());
    });
    return least;
  }

  /// Calls f with what the masks of each Dropout in it follow from, in order.
  void visit_masks(const detail::OnMasks& f) const {
    Derived::members(derived(), [&f](const auto&, const auto& member) {
      if constexpr (requires { member.visit_masks(f); }) member.visit_masks(f);
    });
  }

  /// The parameters, in PyTorch's order; they stay the module's.
  auto parameters() & requires(!std::is_void_v<Scalar>) { return detail::parameter_list(derived()); }

  /// The same module in the memory of another device, with copies of the parameters, their gradients and the buffers:
  /// `auto gpu = net.to(cuda)`, `gpu.to(cpu)`.
  template <class Device>
  auto to(Device) const {
    return detail::Rebound<Derived, Device>(derived());
  }

  /// Sets the gradients of all parameters to 0, as an optimizer's zero_grad() does.
  void zero_grad() requires(!std::is_void_v<Scalar>) {
    for (const auto& range : detail::parameter_ranges(parameters())) range.zero_gradient();
  }

  /// Every parameter and buffer by its name, as the function state_dict gives them.
  auto state_dict() & requires(!std::is_void_v<Scalar>) { return tinynet::state_dict(derived()); }
  auto state_dict() const& requires(!std::is_void_v<Scalar>) { return tinynet::state_dict(derived()); }
  // What they give refers to the module.
  void parameters() const&& = delete;  // tinynet: the parameters of a temporary module: give it a name
  void state_dict() const&& = delete;  // tinynet: the state_dict of a temporary module: give it a name

  /// The module itself.
  const Derived& derived() const { return static_cast<const Derived&>(*this); }
  Derived& derived() { return static_cast<Derived&>(*this); }
};

namespace detail {

template <class D, class S>
void take_module(const Module<D, S>&);
template <class T>
concept IsModule = requires(const T& m) {
  detail::take_module(m);
};

template <class S>
void take_parameter(const AnyParameter<S>&);
template <class T>
concept IsParameter = requires(const T& p) {
  detail::take_parameter(p);
};

inline std::string member_path(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

/// Calls on_parameter(name, parameter) and on_buffer(name, matrix) for everything in a module, in order; a name is the
/// path to it, as in PyTorch: "l1.weight".
template <class M, class OnParameter, class OnBuffer>
void visit_members(M& module, const std::string& prefix, const OnParameter& on_parameter, const OnBuffer& on_buffer) {
  if constexpr (requires { module.visit_all(prefix, on_parameter, on_buffer); }) {
    module.visit_all(prefix, on_parameter, on_buffer);
  } else {
    std::remove_const_t<M>::members(module, [&](const auto& name, auto& member) {
      using Member = std::remove_const_t<std::remove_reference_t<decltype(member)>>;
      const std::string path = member_path(prefix, std::string(name));
      if constexpr (IsParameter<Member>)
        on_parameter(path, member);
      else if constexpr (EigenOperand<Member> || is_device_matrix<Member>)
        on_buffer(path, member);
      else
        visit_members(member, path, on_parameter, on_buffer);
    });
  }
}

// A parameter that a module has under several names is there once. One by itself is a list of its own.
template <class M>
auto parameter_list(M& module) {
  using Any = AnyParameter<typename M::Scalar>;
  std::vector<std::conditional_t<std::is_const_v<M>, const Any, Any>*> list;
  const auto add = [&list](const auto&, auto& parameter) {
    if (std::find(list.begin(), list.end(), &parameter) == list.end()) list.push_back(&parameter);
  };
  if constexpr (IsParameter<M>)
    add("", module);
  else
    visit_members(module, "", add, [](const std::string&, auto&) {});
  return list;
}

/// Gives each Dropout of a net its place in it, and those without a seed of their own one of the net's weights as they
/// are now. `again`: also where an earlier net has done so.
template <class M>
void place_masks(const M& module, bool again) {
  std::uint64_t place = 0;
  module.visit_masks([&](MaskStream& masks) {
    const std::uint64_t here = place++;
    if (!again && (masks.in_net || masks.calls > 0)) return;
    if constexpr (!std::is_void_v<typename M::Scalar> && on_cpu<typename M::Scalar>)
      if (!masks.seed_given) {
        SeedOfNumbers numbers;
        for (const auto* parameter : parameter_list(module))
          for (Index i = 0; i < std::min<Index>(parameter->size(), 4); ++i)
            numbers.add(static_cast<double>(parameter->data()[i]));
        masks.seed = numbers.seed();
      }
    masks.place = here;
    masks.in_net = true;
  });
}

/// The parameters that are to be trained, of a module or one by itself; the module's Dropouts get their places, unless
/// they have some. Throws Error (usage) if there are none.
template <class M>
auto trained_parameters(M& module) {
  auto list = parameter_list(module);
  if (list.empty()) throw Error(ErrorCode::usage, "flat_parameters: this module has no parameters");
  if constexpr (!IsParameter<M>) place_masks(module, false);
  return list;
}

}  // namespace detail

/// The net's parameters as one flat vector, in PyTorch's order; they are moved together if they are not yet, and an
/// optimizer that was made of some of them, or of more, cannot change them any more: its step() throws.
/// Throws Error (usage) for a module without parameters.
template <class M>
std::shared_ptr<FlatParameters<typename M::Scalar>> flat_parameters(M& module) {
  return detail::flatten(detail::trained_parameters(module));
}

namespace detail {

/// A buffer as PyTorch has it: [n] if its type says that it is a vector, else [rows, cols].
template <class Buffer>
auto named_buffer(const std::string& name, Buffer& buffer) {
  using Number = std::remove_pointer_t<decltype(buffer.data())>;
  NamedTensor<Number> tensor{name, {buffer.rows(), buffer.cols()}, buffer.data()};
  if constexpr (EigenOperand<Buffer>)
    if (buffer.colStride() != 1 || buffer.rowStride() != buffer.cols())
      tensor.strides = {buffer.rowStride(), buffer.colStride()};
  if constexpr (Buffer::RowsAtCompileTime == 1 || Buffer::ColsAtCompileTime == 1) {
    constexpr int kept = Buffer::RowsAtCompileTime == 1 ? 1 : 0;
    tensor.shape = {buffer.size()};
    if (!tensor.strides.empty()) tensor.strides = {tensor.strides[kept]};
  }
  return tensor;
}
template <class Scalar>
NamedTensor<Scalar> named_buffer(const std::string&, NamedTensor<Scalar>& tensor) {  // of a SequentialList
  return tensor;
}

}  // namespace detail

/// Every parameter and buffer of a module by its name in PyTorch's state_dict, with its shape and where it lies.
/// Of a const module, the numbers are const.
template <class M>
auto state_dict(M& module) {
  using Number = std::conditional_t<std::is_const_v<M>, const typename M::Scalar, typename M::Scalar>;
  std::vector<NamedTensor<Number>> state;
  detail::visit_members(
      module, "",
      [&](const std::string& name, auto& parameter) {
        state.push_back({name, parameter.dimensions(), parameter.data()});
      },
      [&](const std::string& name, auto& buffer) {
        const auto tensor = detail::named_buffer(name, buffer);
        constexpr bool same = std::is_convertible_v<decltype(tensor), NamedTensor<Number>>;
        static_assert(same, "tinynet: a buffer in members() must be of the module's type of number");
        if constexpr (same) state.push_back(tensor);
      });
  return state;
}

template <class M>
requires(!std::is_lvalue_reference_v<M>) void state_dict(M&& module) =
    delete;  // tinynet: the state_dict of a temporary module: give it a name

/// How many numbers a net trains.
template <class M>
Index parameter_count(const M& module) {
  Index count = 0;
  for (const auto* parameter : detail::parameter_list(module)) count += parameter->size();
  return count;
}

namespace detail {

/// Writes a module as PyTorch does: its description, or its name and the modules in it, indented.
template <class M>
void print(std::ostream& out, const M& module, const std::string& indent) {
  if constexpr (requires { module.print_all(out, indent); }) {
    module.print_all(out, indent);
  } else if constexpr (requires { module.description(); }) {
    out << module.description();
  } else {
    out << module.name() << '(';
    bool any = false;
    M::members(module, [&](const auto& name, const auto& member) {
      if constexpr (IsModule<std::remove_cvref_t<decltype(member)>>) {
        out << '\n' << indent << "  (" << name << "): ";
        print(out, member, indent + "  ");
        any = true;
      }
    });
    out << (any ? "\n" + indent : "") << ')';
  }
}

}  // namespace detail

/// PyTorch's text for the net.
template <detail::IsModule M>
std::ostream& operator<<(std::ostream& out, const M& module) {
  detail::print(out, module, "");
  return out;
}

}  // namespace tinynet
