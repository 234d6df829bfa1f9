// + - * / of two matrices, element by element. A row, a column or a single number is broadcast to the other's shape.
#pragma once

#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/cpu/reduce.hpp>

namespace tinynet {
namespace functions {

// z = f(a, b) with dz/da = first(a, b, z) and dz/db = second(a, b, z).

/// a + b.
struct Add : Arithmetic {
  template <class T>
  constexpr T operator()(T a, T b) const {
    return a + b;
  }
  template <class T>
  constexpr T first(T, T, T) const {
    return T(1);
  }
  template <class T>
  constexpr T second(T, T, T) const {
    return T(1);
  }
};

/// a - b.
struct Subtract : Arithmetic {
  template <class T>
  constexpr T operator()(T a, T b) const {
    return a - b;
  }
  template <class T>
  constexpr T first(T, T, T) const {
    return T(1);
  }
  template <class T>
  constexpr T second(T, T, T) const {
    return T(-1);
  }
};

/// a b.
struct Multiply : Arithmetic {
  template <class T>
  constexpr T operator()(T a, T b) const {
    return a * b;
  }
  template <class T>
  constexpr T first(T, T b, T) const {
    return b;
  }
  template <class T>
  constexpr T second(T a, T, T) const {
    return a;
  }
};

/// a / b.
struct Divide : Arithmetic {
  template <class T>
  constexpr T operator()(T a, T b) const {
    return a / b;
  }
  template <class T>
  constexpr T first(T, T b, T) const {
    return T(1) / b;
  }
  template <class T>
  constexpr T second(T, T b, T z) const {
    return -z / b;
  }
};

}  // namespace functions

namespace detail {

/// target = the sum of a full-size gradient over what was broadcast.
template <class Scalar>
void sum_to(Target<Scalar> target, Shape own, const Scalar* gradient, Shape full) {
  if (own.cols == full.cols) return sum_cols(gradient, full, target.data, target.accumulate);
  if (own.rows == full.rows) return sum_rows(gradient, full, target.data, target.accumulate);
  sum(gradient, full.size(), 1.0, target.data, target.accumulate);
}

/// dz df/da
template <class F>
struct ByFirst : Like<F> {
  F f;
  explicit ByFirst(const F& function) : f(function) {}
  template <class T>
  constexpr T operator()(T a, T b, T z, T dz) const {
    return dz * f.first(a, b, z);
  }
};
/// dz df/db
template <class F>
struct BySecond : Like<F> {
  F f;
  explicit BySecond(const F& function) : f(function) {}
  template <class T>
  constexpr T operator()(T a, T b, T z, T dz) const {
    return dz * f.second(a, b, z);
  }
};

/// The gradient of one operand: `product(a, b, z, dz)`, summed over what was broadcast.
template <class Scalar, class Product>
void zip_backward(const Input<Scalar>& in, const Result<Scalar>& z, const Source<Scalar>& a, const Source<Scalar>& b,
                  const Product& product) {
  if (!in.wants_gradient()) return;
  const Source<Scalar> y(z.value, z.shape, z.shape), dy(z.gradient, z.shape, z.shape);
  if (in.shape() == z.shape) return transform_into(in.target(), z.shape, product, a, b, y, dy);
  const Buffer<Scalar> full(z.shape.size());
  transform_into(Target<Scalar>{full.data(), false}, z.shape, product, a, b, y, dy);
  sum_to(in.target(), in.shape(), full.data(), z.shape);
}

template <class F, class A, class B>
[[gnu::always_inline]] inline auto zip(const char* name, const F& f, const A& first, const B& second) {
  using Scalar = scalar_of<A, B>;
  const auto& a = as_var<Scalar>(first);
  const auto& b = as_var<Scalar>(second);
  using VarA = std::remove_cvref_t<decltype(a)>;
  using VarB = std::remove_cvref_t<decltype(b)>;
  static_assert(may_broadcast(VarA::Rows, VarB::Rows) && may_broadcast(VarA::Cols, VarB::Cols),
                "tinynet: an elementwise operation on matrices of different sizes");
  if constexpr (is_number_operation<F, VarA, VarB>) {
    return record_number(name, f, a, b);
  } else if constexpr (constexpr Index few = few_numbers<VarA, VarB>(); few > 0) {
    return record<VarA::Rows, VarA::Cols, Scalar>(
        name, {VarA::Rows, VarA::Cols}, [&](Scalar* z) { transform_few<few>(f, z, a.node()->value, b.node()->value); },
        [f](const Result<Scalar>& z, const Input<Scalar>& x, const Input<Scalar>& y) {
          const Scalar *const xs = x.value(), *const ys = y.value();
          give_few<few>(x, ByFirst<F>(f), xs, ys, z.value, z.gradient);
          give_few<few>(y, BySecond<F>(f), xs, ys, z.value, z.gradient);
        },
        a, b);
  } else {
    const Shape sa = a.shape(), sb = b.shape();
    require_shapes(may_broadcast(sa.rows, sb.rows) && may_broadcast(sa.cols, sb.cols), name,
                   "the shapes must be equal or broadcast", sa, sb);
    const Shape shape{broadcast(sa.rows, sb.rows), broadcast(sa.cols, sb.cols)};
    return record<broadcast(VarA::Rows, VarB::Rows), broadcast(VarA::Cols, VarB::Cols), Scalar>(
        name, shape,
        [&](Scalar* z) {
          transform(shape, f, z, Source<Scalar>(a.node()->value, sa, shape),
                    Source<Scalar>(b.node()->value, sb, shape));
        },
        [f](const Result<Scalar>& z, const Input<Scalar>& x, const Input<Scalar>& y) {
          const Source<Scalar> xs(x.value(), x.shape(), z.shape), ys(y.value(), y.shape(), z.shape);
          zip_backward(x, z, xs, ys, ByFirst<F>(f));
          zip_backward(y, z, xs, ys, BySecond<F>(f));
        },
        a, b);
  }
}

}  // namespace detail

/// The sum, element by element. Throws Error (usage) for shapes that do not broadcast, as do - * /.
template <class A, class B>
requires TapeOperands<A, B>
[[gnu::always_inline]] inline auto operator+(const A& a, const B& b) {
  return detail::zip("add", functions::Add{}, a, b);
}

/// The difference, element by element.
template <class A, class B>
requires TapeOperands<A, B>
[[gnu::always_inline]] inline auto operator-(const A& a, const B& b) {
  return detail::zip("sub", functions::Subtract{}, a, b);
}

/// The elementwise product, as in PyTorch; the product of matrices is `matmul`.
template <class A, class B>
requires TapeOperands<A, B>
[[gnu::always_inline]] inline auto operator*(const A& a, const B& b) {
  return detail::zip("mul", functions::Multiply{}, a, b);
}

/// The quotient, element by element.
template <class A, class B>
requires TapeOperands<A, B>
[[gnu::always_inline]] inline auto operator/(const A& a, const B& b) {
  return detail::zip("div", functions::Divide{}, a, b);
}

}  // namespace tinynet
