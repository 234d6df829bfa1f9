#include <tinynet/autodiff/operand.hpp>

#include "testing.hpp"

using namespace tinynet;

namespace {

/// Something that becomes a Var when it is used, as the output of a net.
struct Lazy {
  using Scalar = double;
  Var<double, 1, 1> x;
  mutable int calls = 0;
  const Var<double, 1, 1>& var() const {
    ++calls;
    return x;
  }
};

}  // namespace

TEST_CASE("what an operation accepts") {
  static_assert(TapeOperand<Var<double>> && TapeOperand<Parameter<float, 2, 3>> && TapeOperand<Lazy>);
  static_assert(!TapeOperand<double> && !TapeOperand<Eigen::MatrixXd> && !TapeOperand<int>);
  static_assert(EigenOperand<Eigen::MatrixXd> && EigenOperand<Eigen::ArrayXXf> && EigenOperand<MatrixView<double>>);
  static_assert(EigenOperand<std::remove_cv_t<decltype(2 * Eigen::MatrixXd())>> && !EigenOperand<Var<double>> &&
                EigenOperand<decltype(Eigen::VectorXd().head(1))> &&
                EigenOperand<decltype(Eigen::VectorXf().tail<2>())> && !EigenOperand<double>);
  static_assert(TapeOperands<Var<double>, Eigen::MatrixXd> && TapeOperands<Eigen::MatrixXd, Var<double>>);
  static_assert(TapeOperands<Var<double>, Lazy> && !TapeOperands<Eigen::MatrixXd, Eigen::MatrixXd>);
  static_assert(!TapeOperands<Var<double>, double> && !TapeOperands<int, Var<double>>);
  static_assert(std::is_same_v<detail::scalar_of<Eigen::MatrixXd, Var<float>>, float>);
  static_assert(std::is_same_v<detail::var_of<Lazy>, Var<double, 1, 1>>);
}

TEST_CASE("Eigen's own operators still mean what they did") {
  const Eigen::Matrix2d a{{1, 2}, {3, 4}};
  CHECK(Eigen::Matrix2d(a * a) == Eigen::Matrix2d{{7, 10}, {15, 22}});
  CHECK(Eigen::Matrix2d(a + a) == 2 * a);
}

TEST_CASE("an operand is asked for its value once, and the same value is used") {
  const Lazy lazy{variable(3.0)};
  (lazy * 3.0 * lazy.x).backward();
  CHECK(lazy.calls == 1);
  CHECK(lazy.x.grad()(0) == 18);
}

TEST_CASE("an Eigen operand becomes a constant of the Var's scalar type") {
  const auto x = variable(Eigen::Matrix2f::Constant(2));
  const Eigen::Matrix2d doubles = Eigen::Matrix2d::Constant(0.5);
  const Eigen::Array22i whole = Eigen::Array22i::Constant(3);
  const auto y = whole * (doubles * x);
  static_assert(std::is_same_v<decltype(y), const Var<float, 2, 2>>);
  CHECK(y.value() == Eigen::Matrix2f::Constant(3));
  sum(y).backward();
  CHECK(x.grad() == Eigen::Matrix2f::Constant(1.5f));
}

TEST_CASE("will_record knows whether an operand wants a gradient") {
  const auto x = variable(1.0), c = x.detach();
  CHECK(detail::will_record(c, x));
  CHECK_FALSE(detail::will_record(c, c));
  CHECK_FALSE(no_grad([&] { return detail::will_record(x); }));
}
