// The product of two matrices.
#pragma once

#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/record.hpp>
#include <tinynet/autodiff/transposed.hpp>
#include <tinynet/cpu/matmul.hpp>

namespace tinynet {

namespace detail {

/// Numbers that are a factor of a product, as they are stored, and whether they are to be read transposed.
template <class Scalar>
struct StoredFactor {
  const Scalar* numbers;
  Shape stored;
  bool transposed = false;

  StoredFactor turned() const { return {numbers, stored, !transposed}; }
  template <bool Transposed>
  Factor<Scalar, Transposed> as() const {
    return Factor<Scalar, Transposed>::of(numbers, stored);
  }
};

/// y = a b, or y += a b.
template <class Scalar>
void multiply_stored(Scalar* y, const StoredFactor<Scalar>& a, const StoredFactor<Scalar>& b, bool accumulate) {
  if (a.transposed && b.transposed) {  // (b a) transposed
    const Shape shape{a.stored.cols, b.stored.rows};
    const Buffer<Scalar> product(shape.size());
    multiply(product.data(), b.template as<false>(), a.template as<false>(), false);
    write_transpose<Scalar>(product.data(), shape, y, accumulate);
  } else if (a.transposed) {
    multiply(y, a.template as<true>(), b.template as<false>(), accumulate);
  } else if (b.transposed) {
    multiply(y, a.template as<false>(), b.template as<true>(), accumulate);
  } else {
    multiply(y, a.template as<false>(), b.template as<false>(), accumulate);
  }
}

/// Records y = a b, for all sizes the same way.
template <class Scalar>
Var<Scalar> record_product(const TapeFactor<Scalar>& a, const TapeFactor<Scalar>& b) {
  // y = a b,  da = dy b^T,  db = a^T dy, and where a factor is a transpose, the transpose of that
  return record<dynamic, dynamic, Scalar>(
      "matmul", {a.shape().rows, b.shape().cols},
      [&](Scalar* y) {
        multiply_stored<Scalar>(y, {a.x.node()->value, a.x.shape(), a.transposed},
                                {b.x.node()->value, b.x.shape(), b.transposed}, false);
      },
      [a_transposed = a.transposed, b_transposed = b.transposed](const Result<Scalar>& y, const Input<Scalar>& x,
                                                                 const Input<Scalar>& w) {
        const StoredFactor<Scalar> dy{y.gradient, y.shape};
        if (x.wants_gradient()) {
          const StoredFactor<Scalar> by{w.value(), w.shape(), b_transposed};
          const auto dx = x.target();
          if (a_transposed)
            multiply_stored(dx.data, by, dy.turned(), dx.accumulate);
          else
            multiply_stored(dx.data, dy, by.turned(), dx.accumulate);
        }
        if (w.wants_gradient()) {
          const StoredFactor<Scalar> by{x.value(), x.shape(), a_transposed};
          const auto dw = w.target();
          if (b_transposed)
            multiply_stored(dw.data, dy.turned(), by, dw.accumulate);
          else
            multiply_stored(dw.data, by.turned(), dy, dw.accumulate);
        }
      },
      a.x, b.x);
}

}  // namespace detail

/// y = a b: [N, K] times [K, M]. A factor that is a `transpose` is read where it lies.
template <class A, class B>
requires TapeOperands<A, B>
auto matmul(const A& first, const B& second) {
  using Scalar = detail::scalar_of<A, B>;
  using VarA = std::remove_cvref_t<decltype(detail::as_var<Scalar>(first))>;
  using VarB = std::remove_cvref_t<decltype(detail::as_var<Scalar>(second))>;
  static_assert(detail::may_equal(VarA::Cols, VarB::Rows),
                "tinynet: matmul(a, b): a must have as many columns as b has rows");
  const auto a = detail::tape_factor<Scalar>(first);
  const auto b = detail::tape_factor<Scalar>(second);
  detail::require_shapes(a.shape().cols == b.shape().rows, "matmul",
                         "the first must have as many columns as the second has rows", a.shape(), b.shape());
  detail::require_all_rows("matmul", b.x);
  return Var<Scalar, VarA::Rows, VarB::Cols>(detail::record_product(a, b));
}

}  // namespace tinynet
