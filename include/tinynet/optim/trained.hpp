// What an optimizer can be made of, and the sentences for what it cannot.
#pragma once

#include <tinynet/nn/module.hpp>
#include <type_traits>

namespace tinynet::detail {

struct AnyVisitor {
  void operator()(const auto& name, auto& member) const;
};

/// Is it a net, whose parameters can be listed?
template <class T>
concept HasMembers = requires(T& module) {
  T::members(module, AnyVisitor{});
};

/// Is it a list of parameters, as net.parameters() gives?
template <class T>
concept IsParameterList = requires(const T& list) {
  requires IsParameter<std::remove_cvref_t<decltype(**list.begin())>>;
};

template <class Object>
struct NumbersOf {
  using type = void;
};
template <class Object>
requires(HasMembers<Object> || IsParameter<Object>) struct NumbersOf<Object> {
  using type = typename Object::Scalar;
};

/// An optimizer is made of a net or a parameter, whose numbers it may change and which goes on living: for a Net that
/// has been deduced from an argument, a reference if that has a name.
template <class Net>
struct Trained {
  using Object = std::remove_cvref_t<Net>;
  static constexpr bool has_members = HasMembers<Object> || IsParameter<Object>,
                        is_named = std::is_lvalue_reference_v<Net>,
                        is_const = std::is_const_v<std::remove_reference_t<Net>>,
                        has_numbers = !std::is_void_v<typename NumbersOf<Object>::type>;
  static constexpr bool is_right = has_members && is_named && !is_const && has_numbers;

  static_assert(!IsParameterList<Object>,
                "tinynet: an optimizer takes the net itself, as in Adam{net}, not a list of its parameters");
  static_assert(has_members || IsParameterList<Object>,
                "tinynet: an optimizer takes a net (a module) or a Parameter; numbers that are to be trained by "
                "themselves go into one: Parameter<float> p(rows, cols); Adam{p}");
  static_assert(!has_members || is_named,
                "tinynet: an optimizer takes a net that goes on living, not a temporary: give it a name first");
  static_assert(!has_members || !is_const,
                "tinynet: an optimizer changes the net that it takes, and this one is const");
  static_assert(!has_members || has_numbers,
                "tinynet: an optimizer takes a net with parameters, and this module has no numbers");

  /// The type of its numbers; after an error any.
  using Scalar = std::conditional_t<has_numbers, typename NumbersOf<Object>::type, float>;
};

template <class Net>
using TrainedScalar = typename Trained<Net>::Scalar;

}  // namespace tinynet::detail
