// Transposes as factors of products: read where they lie, with the numbers and gradients of written ones.
#include <string>
#include <thread>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/shape.hpp>
#include <tinynet/autodiff/transposed.hpp>
#include <vector>

#include "testing.hpp"

using namespace tinynet;
using test::numbers;

namespace {

template <class V>
bool is_pending(const V& x) {
  return x.pending_node()->value == nullptr;
}

}  // namespace

TEST_CASE("gradients of products with transposes on either side") {
  for (const Index n : {3, 9}) {
    const Index k = n == 3 ? 4 : 32, m = n == 3 ? 2 : 17;
    const auto name = [&](const char* what) { return std::string(what) + std::to_string(n); };
    test::check_gradients(
        name("a b^T "), [](const auto& a, const auto& b) { return matmul(a, transpose(b)); }, numbers(n, k, 1),
        numbers(m, k, 2));
    test::check_gradients(
        name("a^T b "), [](const auto& a, const auto& b) { return matmul(transpose(a), b); }, numbers(k, n, 1),
        numbers(k, m, 2));
    test::check_gradients(
        name("a^T b^T "), [](const auto& a, const auto& b) { return matmul(transpose(a), transpose(b)); },
        numbers(k, n, 1), numbers(m, k, 2));
    test::check_gradients(
        name("both of one "), [](const auto& a) { return matmul(transpose(a), a) + sum(matmul(a, transpose(a))); },
        numbers(n, k, 1));
  }
}

TEST_CASE("nobody writes the transpose that a product reads") {
  const auto a = variable(numbers(5, 7, 1)), b = variable(numbers(6, 7, 2));
  const auto bt = transpose(b), at = transpose(a);
  const auto y = matmul(a, bt);
  const auto z = matmul(b, at);
  CHECK(is_pending(bt));
  sum(y * transpose(z)).backward();
  CHECK(is_pending(bt));
  CHECK(is_pending(at));
  CHECK(test::distance(y.value(), a.value() * b.value().transpose()) <= 1e-15);
  CHECK(bt.value() == b.value().transpose());  // somebody has asked
  CHECK_FALSE(is_pending(bt));
  CHECK(matmul(a, bt).value().isApprox(y.value(), 1e-15));
}

TEST_CASE("a transpose of a transpose, also as a factor") {
  const Eigen::MatrixXd m = numbers(5, 7, 1), n = numbers(7, 3, 2);
  const auto a = variable(m);
  CHECK(transpose(transpose(a)).value() == m);
  CHECK(test::distance(matmul(transpose(transpose(a)), n).value(), m * n) <= 1e-15);
  test::check_gradients(
      "twice", [](const auto& x, const auto& y) { return matmul(transpose(transpose(x)), y); }, m, n);
}

TEST_CASE("what is transposed need not be kept") {
  const auto make = [] { return transpose(exp(variable(numbers(2, 3, 1)))); };
  const auto t = make();
  CHECK(test::distance(t.value(), numbers(2, 3, 1).array().exp().matrix().transpose()) <= 1e-15);
}

TEST_CASE("all that can be asked of a value can be asked of a transpose") {
  const Eigen::MatrixXd m = numbers(2, 3, 1);
  const auto x = variable(m);
  CHECK(transpose(x).shape() == Shape{3, 2});
  CHECK(transpose(x).to(cpu) == m.transpose());
  CHECK(transpose(x).detach().value() == m.transpose());
  CHECK(transpose(variable(4.0)).item() == 4);
  const auto t = transpose(x);
  const Eigen::MatrixXd upstream = numbers(3, 2, 5);
  t.backward(upstream);
  CHECK(x.grad() == upstream.transpose());
  CHECK(t.value() == m.transpose());  // after what it was computed from has been let go
  CHECK(test::usage_error([&] { (void)t.grad(); }).find("grad: 'transpose' keeps no gradient") == 0);
  CHECK(test::usage_error([] { (void)transpose(Var<double>()); }) == "transpose: an operand holds no value yet");
}

TEST_CASE("a value of another thread is refused") {
  const auto x = variable(numbers(2, 3, 1));
  std::string message;
  std::thread([&] { message = test::usage_error([&] { (void)transpose(x); }); }).join();
  CHECK(message == "transpose: an operand ('variable') belongs to another thread");
}

TEST_CASE("a transpose that was made under no_grad is a constant") {
  const auto w = variable(numbers(4, 3, 1));
  const auto t = no_grad([&] { return transpose(w); });
  CHECK_FALSE(t.requires_grad());
  const auto x = variable(numbers(2, 3, 2));
  sum(matmul(x, t)).backward();
  CHECK(w.grad().isZero());
  CHECK(test::distance(x.grad(), numbers(4, 3, 1).colwise().sum().replicate(2, 1)) <= 1e-15);
}

TEST_CASE("parameters and Eigen's transposes") {
  Parameter<double, 4, 3> p;
  p.value() = numbers(4, 3, 1);
  const Eigen::MatrixXd x = numbers(2, 3, 2), by_columns = numbers(4, 3, 3);
  const Matrix<double> by_rows = by_columns;
  const auto v = variable(x);
  CHECK(test::distance(matmul(v, transpose(p)).value(), x * p.value().transpose()) <= 1e-15);
  CHECK(test::distance(matmul(v, by_rows.transpose()).value(), x * by_rows.transpose()) <= 1e-15);
  CHECK(test::distance(matmul(v, by_columns.transpose()).value(), x * by_rows.transpose()) <= 1e-15);
  CHECK(test::distance(matmul(by_rows.transpose(), variable(by_columns)).value(), by_rows.transpose() * by_rows) <=
        1e-15);
  sum(matmul(v, transpose(p))).backward();
  CHECK(test::distance(p.grad(), x.colwise().sum().replicate(4, 1)) <= 1e-15);
  CHECK(test::distance(v.grad(), p.value().colwise().sum().replicate(2, 1)) <= 1e-15);
  CHECK(test::usage_error([&] { (void)matmul(v, transpose(variable(numbers(4, 5, 1)))); }) ==
        "matmul: the first must have as many columns as the second has rows; found [2, 3] and [5, 4]");
}

TEST_CASE("the same bits on any number of threads, for large matrices") {
  const Eigen::MatrixXd a = numbers(1500, 60, 1), b = numbers(700, 60, 2), c = numbers(1500, 50, 3);
  const auto results = [&](int threads) {
    set_num_threads(threads);
    const auto x = variable(a), w = variable(b), v = variable(c);
    const auto y = matmul(x, transpose(w));
    const auto z = matmul(transpose(x), v);
    const auto both = matmul(transpose(x), transpose(transpose(v)));
    sum(y * y).backward();
    sum(z * both).backward();
    return std::vector<Eigen::MatrixXd>{y.value(), z.value(), both.value(), x.grad(), w.grad(), v.grad()};
  };
  const auto one = results(1), four = results(4);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == four[i]);
  CHECK(test::distance(one[0], a * b.transpose()) <= 1e-14);
  CHECK(test::distance(one[1], a.transpose() * c) <= 1e-14);
}
