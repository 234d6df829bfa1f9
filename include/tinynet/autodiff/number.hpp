// Elementwise operations on single numbers (1 x 1 by their type): the slopes are computed at once, and that is all that
// backward() will need, so what is recorded is the same small node for every operation.
#pragma once

#include <tinynet/autodiff/operand.hpp>
#include <tinynet/cpu/transform.hpp>

namespace tinynet::detail {

/// A function that says `static constexpr bool arithmetic = true` gives a number alone the bits that it has in a pack.
template <class F>
inline constexpr bool arithmetic = false;
template <class F>
requires requires { F::arithmetic; }
inline constexpr bool arithmetic<F> = F::arithmetic;

/// Whether the operation on these Vars is recorded here: if its derivative is a formula that does not fail, so that
/// nobody sees when it is computed.
template <class F, class... Vars>
inline constexpr bool is_number_operation = vectorized<F> && (... && (Vars::Rows == 1 && Vars::Cols == 1)) &&
                                            (... && on_cpu<typename Vars::Scalar>);

/// f(x, ...), with the bits that it has among the elements of a matrix.
template <class Function, class F, class Scalar, class... X>
Scalar of_number(const F& f, Scalar x, X... others) {
  if constexpr (has_pack<Scalar> && !arithmetic<Function>)
    return f(Pack<Scalar>(x), Pack<Scalar>(others)...).first();
  else
    return f(x, others...);
}

template <class F>
struct Slope {
  const F& f;
  template <class T>
  constexpr T operator()(T x, T y) const {
    return f.derivative(x, y);
  }
};
template <class F>
struct FirstSlope {
  const F& f;
  template <class T>
  constexpr T operator()(T a, T b, T z) const {
    return f.first(a, b, z);
  }
};
template <class F>
struct SecondSlope {
  const F& f;
  template <class T>
  constexpr T operator()(T a, T b, T z) const {
    return f.second(a, b, z);
  }
};

template <class Scalar>
void add_to(const Input<Scalar>& input, Scalar dx) {
  const Target<Scalar> target = input.target();
  *target.data = target.accumulate ? *target.data + dx : dx;
}

/// Rows that are shared among processes: the operation sees to the sums of the gradients.
template <class F, class Scalar>
Var<Scalar, 1, 1> record_shared_number(const char* name, const F& f, const Var<Scalar, 1, 1>& x) {
  return record<1, 1, Scalar>(
      name, {1, 1}, [&](Scalar* y) { *y = of_number<F>(f, *x.node()->value); },
      [f](const Result<Scalar>& y, const Input<Scalar>& in) {
        add_to(in, *y.gradient * of_number<F>(Slope<F>{f}, *in.value(), *y.value));
      },
      x);
}
template <class F, class Scalar>
Var<Scalar, 1, 1> record_shared_number(const char* name, const F& f, const Var<Scalar, 1, 1>& a,
                                       const Var<Scalar, 1, 1>& b) {
  return record<1, 1, Scalar>(
      name, {1, 1}, [&](Scalar* z) { *z = of_number<F>(f, *a.node()->value, *b.node()->value); },
      [f](const Result<Scalar>& z, const Input<Scalar>& first, const Input<Scalar>& second) {
        const Scalar x = *first.value(), y = *second.value();
        if (first.wants_gradient()) add_to(first, *z.gradient * of_number<F>(FirstSlope<F>{f}, x, y, *z.value));
        if (second.wants_gradient()) add_to(second, *z.gradient * of_number<F>(SecondSlope<F>{f}, x, y, *z.value));
      },
      a, b);
}

// In what follows nodes go from function to function, not the handles: these stay in registers then.

/// Another handle to a value.
template <class Scalar>
Var<Scalar, 1, 1> handle(Node<Scalar>* node) {
  ++node->references;
  return Var<Scalar, 1, 1>(node);
}

/// Any operation on one or two numbers: also where there is something to complain about, rows are shared, nothing is
/// recorded, not all inputs want a gradient, memory is needed. The result has one reference.
template <class F, class Scalar>
[[gnu::noinline]] Node<Scalar>* append_any_number(const char* name, F f, Node<Scalar>* x) {
  auto& tape = Tape<Scalar>::current();
  require_operand(name, tape, x);
  if (!x->whole) return record_shared_number(name, f, handle(x)).give_up();
  tape.reserve_number();
  const Scalar in = *x->value, y = of_number<F>(f, in);
  if (!recording || !x->wants_gradient) return tape.append_number(name, y);
  NumberNode<Scalar>* const node = tape.append_number(name, y, x, of_number<F>(Slope<F>{f}, in, y));
  node->wary = x->numbers_lie != NumbersLie::inside;
  return node;
}
template <class F, class Scalar>
[[gnu::noinline]] Node<Scalar>* append_any_number(const char* name, F f, Node<Scalar>* a, Node<Scalar>* b) {
  auto& tape = Tape<Scalar>::current();
  require_operand(name, tape, a);
  require_operand(name, tape, b);
  if (!a->whole || !b->whole) return record_shared_number(name, f, handle(a), handle(b)).give_up();
  tape.reserve_number();
  const Scalar x = *a->value, y = *b->value, z = of_number<F>(f, x, y);
  const Scalar by_a = of_number<F>(FirstSlope<F>{f}, x, y, z), by_b = of_number<F>(SecondSlope<F>{f}, x, y, z);
  const bool from_a = recording && a->wants_gradient, from_b = recording && b->wants_gradient;
  NumberNode<Scalar>* const node = from_a && from_b ? tape.append_number(name, z, a, by_a, b, by_b)
                                   : from_a         ? tape.append_number(name, z, a, by_a)
                                   : from_b         ? tape.append_number(name, z, b, by_b)
                                                    : tape.append_number(name, z);
  node->wary = (from_a && a->numbers_lie != NumbersLie::inside) || (from_b && b->numbers_lie != NumbersLie::inside);
  return node;
}

/// The tape, if all operands are on it and want a gradient and nothing else is unusual; else null.
template <class Scalar, class... Nodes>
[[gnu::always_inline]] inline Tape<Scalar>* tape_of_numbers(const Nodes*... x) {
  Tape<Scalar>* const tape = Tape<Scalar>::current_or_null();
  const bool usual =
      ((x != nullptr && x->tape == tape) && ...) && are_usual_numbers(*x...) && recording && tape->has_number();
  return usual ? tape : nullptr;
}

/// y = f(x),  dx = dy f'(x, y)
template <class F, class Scalar>
[[gnu::always_inline]] inline Node<Scalar>* append_number(const char* name, const F& f, Node<Scalar>* x) {
  Tape<Scalar>* const tape = tape_of_numbers<Scalar>(x);
  if (tape == nullptr) [[unlikely]]
    return append_any_number<F, Scalar>(name, f, x);
  const Scalar in = *x->value, y = of_number<F>(f, in);
  return tape->append_number(name, y, x, of_number<F>(Slope<F>{f}, in, y));
}

/// z = f(a, b),  da = dz df/da,  db = dz df/db
template <class F, class Scalar>
[[gnu::always_inline]] inline Node<Scalar>* append_number(const char* name, const F& f, Node<Scalar>* a,
                                                          Node<Scalar>* b) {
  Tape<Scalar>* const tape = tape_of_numbers<Scalar>(a, b);
  if (tape == nullptr) [[unlikely]]
    return append_any_number<F, Scalar>(name, f, a, b);
  const Scalar x = *a->value, y = *b->value, z = of_number<F>(f, x, y);
  return tape->append_number(name, z, a, of_number<F>(FirstSlope<F>{f}, x, y, z), b,
                             of_number<F>(SecondSlope<F>{f}, x, y, z));
}

/// Records an operation on one or two numbers.
template <class F, class Scalar, class... Others>
[[gnu::always_inline]] inline Var<Scalar, 1, 1> record_number(const char* name, const F& f, const Var<Scalar, 1, 1>& x,
                                                              const Others&... others) {
  return Var<Scalar, 1, 1>(append_number<F, Scalar>(name, f, x.node(), others.node()...));
}

}  // namespace tinynet::detail
