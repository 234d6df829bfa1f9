// The product of two matrices.
#pragma once

#include <tinynet/autodiff/operand.hpp>
#include <tinynet/cpu/matmul.hpp>

namespace tinynet {

/// y = a b: [N, K] times [K, M].
template <class A, class B>
requires TapeOperands<A, B>
auto matmul(const A& first, const B& second) {
  using Scalar = detail::scalar_of<A, B>;
  const auto a = detail::as_var<Scalar>(first);
  const auto b = detail::as_var<Scalar>(second);
  using VarA = std::remove_const_t<decltype(a)>;
  using VarB = std::remove_const_t<decltype(b)>;
  static_assert(detail::may_equal(VarA::Cols, VarB::Rows),
                "tinynet: matmul(a, b): a must have as many columns as b has rows");
  detail::require_shapes(a.cols() == b.rows(), "matmul", "the first must have as many columns as the second has rows",
                         a.shape(), b.shape());
  detail::require_all_rows("matmul", b);
  using detail::Factor;
  // y = a b,  da = dy b^T,  db = a^T dy
  return detail::record<VarA::Rows, VarB::Cols, Scalar>(
      "matmul", {a.rows(), b.cols()},
      [&](Scalar* y) {
        multiply(y, Factor<Scalar>::of(a.node()->value, a.shape()), Factor<Scalar>::of(b.node()->value, b.shape()));
      },
      [](const detail::Result<Scalar>& y, const detail::Input<Scalar>& x, const detail::Input<Scalar>& w) {
        const auto dy = Factor<Scalar>::of(y.gradient, y.shape);
        if (x.wants_gradient()) {
          const auto dx = x.target();
          multiply(dx.data, dy, Factor<Scalar, true>::of(w.value(), w.shape()), dx.accumulate);
        }
        if (w.wants_gradient()) {
          const auto dw = w.target();
          multiply(dw.data, Factor<Scalar, true>::of(x.value(), x.shape()), dy, dw.accumulate);
        }
      },
      a, b);
}

}  // namespace tinynet
