#include <thread>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/parameter.hpp>

#include "testing.hpp"

using namespace tinynet;

TEST_CASE("a parameter starts with zeros and has PyTorch's dimensions") {
  const Parameter<double, 2, 3> matrix;
  CHECK(matrix.value() == Eigen::MatrixXd::Zero(2, 3));
  CHECK(matrix.grad() == Eigen::MatrixXd::Zero(2, 3));
  CHECK(matrix.dimensions() == std::vector<Index>{2, 3});
  const Parameter<float> vector(1, 4, 1);
  CHECK(vector.dimensions() == std::vector<Index>{4});
  CHECK(vector.shape() == Shape{1, 4});
  CHECK(vector.size() == 4);
}

TEST_CASE("backward adds to the gradient beside the numbers") {
  Parameter<double> p(2, 2);
  p.value() << 1, 2, 3, 4;
  const auto x = p.var();
  CHECK(x.value().data() == p.data());  // not a copy
  sum(x * x).backward();
  CHECK(p.grad() == 2 * p.value());
  sum(p.var() * p.var()).backward();  // two leaves, one gradient
  CHECK(p.grad() == 4 * p.value());
  p.grad().setZero();
  sum(p * 3.0).backward();  // an operand by itself
  CHECK(p.grad() == Eigen::MatrixXd::Constant(2, 2, 3));
  CHECK_FALSE(no_grad([&] { return p.var().requires_grad(); }));
}

TEST_CASE("another thread may use the same parameters") {
  Parameter<double> p(1, 1);
  p.value()(0) = 5;
  std::thread([&] { sum(p.var() * p.var()).backward(); }).join();
  CHECK(p.grad()(0) == 10);
}

TEST_CASE("a copy has numbers of its own, and assignment changes them in place") {
  Parameter<double> p(1, 2);
  p.value() << 1, 2;
  p.grad() << 7, 7;
  Parameter<double> copy = p;
  CHECK(copy.value() == p.value());
  CHECK(copy.grad() == Eigen::MatrixXd::Zero(1, 2));
  copy.value()(0) = 9;
  CHECK(p.value()(0) == 1);
  const double* const place = p.data();
  p = copy;
  CHECK(p.data() == place);
  CHECK(p.value()(0) == 9);
  CHECK(p.grad()(0) == 7);
  p = Parameter<double>(3, 3);  // a move takes the other's place
  CHECK(p.shape() == Shape{3, 3});
  AnyParameter<double> any({2, 2}, 2);
  any = static_cast<const AnyParameter<double>&>(copy);
  CHECK(any.shape() == Shape{1, 2});
  CHECK(any.data()[0] == 9);
}

TEST_CASE("parameters are put into one flat vector, once") {
  Parameter<double, 2, 2> a;
  Parameter<double> b(1, 3, 1);
  a.value() << 1, 2, 3, 4;
  b.value() << 5, 6, 7;
  b.grad() << 8, 8, 8;
  const std::vector<AnyParameter<double>*> both{&a, &b};
  CHECK_FALSE(detail::is_flat(both));
  const auto flat = detail::flatten(both);
  CHECK(detail::is_flat(both));
  CHECK(flat->value == Eigen::VectorXd{{1, 2, 3, 4, 5, 6, 7}});
  CHECK(flat->gradient.tail(3) == Eigen::Vector3d::Constant(8));
  CHECK(b.offset() == 4);
  flat->value(4) = 50;
  CHECK(b.value()(0) == 50);
  sum(a * 2.0).backward();
  CHECK(flat->gradient.head(4) == Eigen::Vector4d::Constant(2));
  CHECK(detail::flatten(both) == flat);
  CHECK_FALSE(detail::is_flat(std::vector<AnyParameter<double>*>{&b, &a}));
  CHECK_FALSE(detail::is_flat(std::vector<AnyParameter<double>*>{&a}));
  CHECK_FALSE(detail::is_flat(std::vector<AnyParameter<double>*>{}));
}

TEST_CASE("what was computed from a parameter outlasts it") {
  auto p = std::make_unique<Parameter<double>>(2, 2);
  p->value().setConstant(3);
  Parameter<double> q(2, 2);
  const auto loss = sum(*p * q.var());
  p.reset();
  loss.backward();
  CHECK(q.grad() == Eigen::MatrixXd::Constant(2, 2, 3));
}

TEST_CASE("a parameter that has moved since it was used cannot get its gradient") {
  Parameter<double> p(2, 2), q(2, 2);
  const auto loss = sum(p * 2.0);
  detail::flatten(std::vector<AnyParameter<double>*>{&p, &q});  // as an optimizer does
  CHECK_THROWS_WITH(loss.backward(),
                    "backward: the parameters have been moved since they were used, into the flat vector of an "
                    "optimizer or of another net; make the optimizer first, and compute the loss again");
  sum(p * 2.0).backward();
  CHECK(p.grad() == Eigen::MatrixXd::Constant(2, 2, 2));
}

TEST_CASE("a gradient is not made of numbers that a parameter has no more") {
  Parameter<double> p(2, 1);
  p.value() << 1, 2;
  const auto product = sum(matmul(Eigen::RowVector2d(3, 4), p.var())), square = sum(p * p);
  const Parameter<double> zeros(2, 1);
  p = zeros;
  product.backward();  // p is no factor of this gradient
  CHECK(p.grad() == Eigen::Vector2d(3, 4));
  CHECK_THROWS_WITH(square.backward(),
                    "backward: a parameter [2, 1] has changed since it was used, by a step of an optimizer or an "
                    "assignment; compute the loss again");
  sum(p * p).backward();  // 2 p = 0 more
  CHECK(p.grad() == Eigen::Vector2d(3, 4));
}
