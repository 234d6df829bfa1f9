#include <tinynet/autodiff/gradcheck.hpp>

#include "testing.hpp"

using namespace tinynet;
using test::contains;

namespace {

/// x^2 with a derivative that is wrong by a factor, or NaN.
struct WrongSquare {
  double factor = 1;
  template <class T>
  T operator()(T x) const {
    return x * x;
  }
  template <class T>
  T derivative(T x, T) const {
    return T(2 * factor) * x;
  }
};

const test::Numbers a = test::numbers(2, 3, 1, 0.5, 2), b = test::numbers(2, 3, 2, 0.5, 2);

template <class Check>
void check_that_it_sees_faults(const Check& check, double fault) {
  const auto squares = [](double factor) {
    return [factor](const auto& x, const auto& y) { return sum(x * map(WrongSquare{factor}, y)); };
  };
  CHECK(check(squares(1)));
  CHECK(check(squares(1)).message.empty());
  CHECK(check(squares(1)).worst <= 1);
  for (const double factor : {1 + fault, 1 - fault, 0.0, -1.0, std::nan("")}) {
    CAPTURE(factor);
    const GradcheckResult result = check(squares(factor));
    CHECK_FALSE(result);
    CHECK(result.worst > 1);
    CHECK(contains(result.message, "gradient of input 1 at ("));  // not the other one
  }
}

}  // namespace

TEST_CASE("central differences find a wrong derivative") {
  check_that_it_sees_faults([](const auto& f) { return gradcheck(f, a, b); }, 1e-5);
}

TEST_CASE("the complex step finds one that is wrong in the last digits") {
  check_that_it_sees_faults([](const auto& f) { return complex_step_check(f, 1e-12, a, b); }, 1e-11);
}

TEST_CASE("the message says where the worst is, what was expected and what was found") {
  const auto f = [](const auto& x) {
    const auto wrong = map(WrongSquare{2}, x) * Eigen::RowVector2d(0, 1);
    return sum(x + wrong);
  };
  const GradcheckResult result = gradcheck(f, Eigen::RowVector2d(5, 3));
  CHECK(result.message == "gradient of input 0 at (0, 1): expected 7.000000, found 13.000000");
}

TEST_CASE("step and tolerances can be chosen") {
  const auto f = [](const auto& x) { return sum(map(WrongSquare{1.01}, x)); };
  CHECK_FALSE(gradcheck(f, a));
  CHECK(gradcheck(f, {.step = 1e-4, .relative = 0.02}, a));
  CHECK(gradcheck(f, {.relative = 0, .absolute = 0.1}, a));
}
