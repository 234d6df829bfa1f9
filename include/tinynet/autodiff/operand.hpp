// What an operation accepts: a Var, or something that becomes one.
#pragma once

#include <tinynet/autodiff/parameter.hpp>
#include <tinynet/autodiff/record.hpp>
#include <tinynet/autodiff/var.hpp>

namespace tinynet {
namespace detail {

template <class T>
inline constexpr bool is_var = false;
template <class Scalar, Index Rows, Index Cols>
inline constexpr bool is_var<Var<Scalar, Rows, Cols>> = true;

}  // namespace detail

/// A value with a gradient: a Var, a Parameter, or the not yet computed output of a net.
template <class T>
concept TapeOperand = detail::is_var<T> || requires(const T& x) {
  typename T::Scalar;
  requires detail::is_var<std::remove_cvref_t<decltype(x.var())>>;
};

namespace detail {

// Not every expression is derived from DenseBase of its own type: a segment of a vector is from a block's.
template <class T>
std::true_type is_dense(const Eigen::DenseBase<T>*);
std::false_type is_dense(const void*);

}  // namespace detail

/// An Eigen matrix, array, map or expression.
template <class T>
concept EigenOperand = decltype(detail::is_dense(std::declval<T*>()))::value;

/// Two operands of which one is on the tape; the other may be an Eigen matrix, which is a constant then.
template <class A, class B>
concept TapeOperands = (TapeOperand<A> && (TapeOperand<B> || EigenOperand<B>)) || (EigenOperand<A> && TapeOperand<B>);

namespace detail {

/// A Var is returned as it is, by reference.
template <class Scalar, class T>
decltype(auto) as_var(const T& x) {
  if constexpr (EigenOperand<T>) {
    return constant<Scalar>(x);
  } else if constexpr (is_device_matrix<T>) {
    return copied_constant<Scalar>("constant", x);
  } else {
    static_assert(std::is_same_v<Scalar, typename T::Scalar>,
                  "tinynet: the operands of an operation have different scalar types");
    if constexpr (is_var<T>)
      return (x);
    else
      return std::remove_cvref_t<decltype(x.var())>(x.var());
  }
}

template <class A, class... Rest>
struct ScalarOf : ScalarOf<Rest...> {};
template <TapeOperand A, class... Rest>
struct ScalarOf<A, Rest...> {
  using type = typename A::Scalar;
};

/// The scalar type of the first operand that is on the tape.
template <class... Operands>
using scalar_of = typename ScalarOf<Operands...>::type;

template <TapeOperand T>
using var_of = std::remove_cvref_t<decltype(as_var<typename T::Scalar>(std::declval<const T&>()))>;

/// Will an operation on these be recorded?
template <class... Vars>
bool will_record(const Vars&... inputs) {
  return recording && (... || inputs.requires_grad());
}

}  // namespace detail
}  // namespace tinynet
