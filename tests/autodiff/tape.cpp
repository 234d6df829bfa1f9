#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <tinynet/autodiff/ops/loss.hpp>

#include "testing.hpp"

using namespace tinynet;
using test::contains;
using test::usage_error;

namespace {

/// x, whose derivative fails as long as it is told to.
struct Fails {
  const bool* fails;
  double operator()(double x) const { return x; }
  double derivative(double, double) const {
    if (*fails) throw std::runtime_error("no derivative today");
    return 1;
  }
};

std::size_t tape_size() { return detail::Tape<double>::current().size(); }

// Destroyed when the program ends, after the tape's own thread or with it.
std::optional<Var<double>> outlives_the_program, made_by_another_thread;

}  // namespace

TEST_CASE("the gradients of several backward calls add up until zero_grad") {
  const auto x = variable(3.0), y = variable(5.0);
  CHECK(x.grad()(0) == 0);
  (x * y).backward();
  CHECK(x.grad()(0) == 5);
  CHECK(y.grad()(0) == 3);
  (x * x).backward();
  CHECK(x.grad()(0) == 11);
  CHECK(y.grad()(0) == 3);
  x.zero_grad();
  CHECK(x.grad()(0) == 0);
  (x * 2.0).backward();
  CHECK(x.grad()(0) == 2);
}

TEST_CASE("a value that is used twice gets both gradients") {
  const auto x = variable(3.0);
  const auto y = x + x;
  auto z = y * y * x;  // 4 x^3
  z = z + y;           // + 2 x
  z.backward();
  CHECK(x.grad()(0) == 12 * 9 + 2);
}

TEST_CASE("a name may be given to the result of what it was used for") {
  const auto x = variable(2.0);
  Var<double, 1, 1> a = x;
  for (int i = 0; i < 3; ++i) a = a * a;  // x^8
  CHECK(a.item() == 256);
  a.backward();
  CHECK(x.grad()(0) == 8 * 128);
}

TEST_CASE("under no_grad nothing is recorded") {
  const auto x = variable(3.0);
  const auto y = no_grad([&] { return x * x; });
  CHECK(y.item() == 9);
  CHECK_FALSE(y.requires_grad());
  CHECK((x * x).requires_grad());
  CHECK(
      contains(usage_error([&] { y.backward(); }), "backward: nothing that 'mul' was computed from wants a gradient"));
  {
    const NoGrad outer;
    { const NoGrad inner; }
    CHECK_FALSE((x * x).requires_grad());
  }
  CHECK((x * x).requires_grad());
  bool called = false;
  no_grad([&] { called = !(x * x).requires_grad(); });
  CHECK(called);
  CHECK_THROWS_AS(no_grad([] { throw std::runtime_error("left early"); }), std::runtime_error);
  CHECK((x * x).requires_grad());
}

TEST_CASE("nothing flows through detach") {
  const auto x = variable(3.0);
  const auto y = (x * x).detach();
  CHECK(y.item() == 9);
  CHECK_FALSE(y.requires_grad());
  (y * x).backward();
  CHECK(x.grad()(0) == 9);
}

TEST_CASE("backward on a matrix says what to do, or takes the gradient to start from") {
  const test::Numbers numbers = test::numbers(2, 3, 1), upstream = test::numbers(2, 3, 2);
  const auto x = variable(numbers);
  const auto y = x * x;
  CHECK(contains(usage_error([&] { y.backward(); }), "backward: expected a single number, found a matrix [2, 3]"));
  y.backward(upstream);
  CHECK(test::distance(x.grad(), 2 * numbers.cwiseProduct(upstream)) == 0);
  CHECK(contains(usage_error([&] { (x * x).backward(upstream.transpose()); }), "found [3, 2] and [2, 3]"));
  x.zero_grad();
  (x * x).backward(Eigen::ArrayXXf::Ones(2, 3));
  CHECK(test::distance(x.grad(), 2 * numbers) == 0);
}

TEST_CASE("backward twice needs retain_graph") {
  const auto x = variable(3.0);
  const auto y = x * x;
  const auto z = y + y;
  z.backward(RetainGraph{true});
  z.backward();
  CHECK(x.grad()(0) == 24);
  CHECK(contains(usage_error([&] { z.backward(); }), "backward: the tape behind 'add' was freed"));
  CHECK(x.grad()(0) == 24);
}

TEST_CASE("a freed intermediate is noticed, and the tape stays clean") {
  const auto x = variable(3.0), w = variable(1.0);
  const auto y = x * x;
  (y * 2.0).backward();
  CHECK(x.grad()(0) == 12);
  const auto z = exp(w * y);
  CHECK(contains(usage_error([&] { z.backward(); }), "the tape behind 'mul' was freed"));
  CHECK(x.grad()(0) == 12);
  x.zero_grad();
  (x * x).backward();
  CHECK(x.grad()(0) == 6);
  CHECK(y.item() == 9);  // its value is still there
}

TEST_CASE("backward on a constant, and on a leaf") {
  const auto c = constant(test::Numbers::Ones(1, 1));
  CHECK(contains(usage_error([&] { c.backward(); }), "backward: nothing that 'constant'"));
  CHECK(contains(usage_error([&] { (c * c).backward(); }), "backward: nothing that 'mul'"));
  const auto x = variable(3.0);
  x.backward();
  x.backward();
  CHECK(x.grad()(0) == 2);
}

TEST_CASE("a node goes with the last handle to it") {
  const std::size_t before = tape_size();
  {
    const auto x = variable(3.0);
    auto y = x * x;
    for (int i = 0; i < 10; ++i) y = y * x;
    CHECK(tape_size() == before + 12);
    y.backward();
    CHECK(tape_size() == before + 2);  // x and y
    (void)(x * x);
    CHECK(tape_size() == before + 2);
  }
  CHECK(tape_size() == before);
}

TEST_CASE("a chain of 100,000 operations overflows no stack, walked or dropped") {
  const auto x = variable(2.0);
  for (const bool walked : {true, false}) {
    auto y = x + 0.0;
    for (int i = 0; i < 100'000; ++i) y = i % 2 == 0 ? y + y : y * 0.5;
    CHECK(y.item() == 2);
    if (walked) y.backward();
  }
  CHECK(x.grad()(0) == 1);
}

TEST_CASE("an exception in a user's derivative leaves the tape as it was") {
  const auto x = variable(3.0), y = variable(4.0);
  bool fails = true;
  const std::size_t before = tape_size();
  {
    const auto inner = x * x;
    const auto z = map(Fails{&fails}, inner) * y;
    CHECK_THROWS_WITH(z.backward(), "no derivative today");
    CHECK(x.grad()(0) == 0);
    // Another computation is not disturbed by it.
    x.zero_grad();
    y.zero_grad();
    (x * y).backward();
    CHECK(x.grad()(0) == 4);
    CHECK(y.grad()(0) == 3);
    // Nor is the same one, when it works again.
    x.zero_grad();
    y.zero_grad();
    fails = false;
    z.backward();
    CHECK(x.grad()(0) == 24);
    CHECK(y.grad()(0) == 9);
  }
  CHECK(tape_size() == before);
}

TEST_CASE("two threads have a tape each") {
  const auto work = [](double start, double* result) {
    for (int repeat = 0; repeat < 300; ++repeat) {
      const auto x = variable(start);
      Var<double, 1, 1> y = x * 1.0;
      for (int i = 0; i < 50; ++i) y = y * 0.5 + x;
      y.backward();
      *result = x.grad()(0);
    }
  };
  double first = 0, second = 0;
  std::thread other(work, 3.0, &first);
  work(4.0, &second);
  other.join();
  CHECK(std::abs(first - 2) < 1e-12);
  CHECK(first == second);
}

TEST_CASE("a variable of another thread is refused") {
  const auto x = variable(3.0);
  const auto y = x * x;
  std::string operation, backward;
  std::thread([&] {
    operation = usage_error([&] { (void)(x * variable(1.0)); });
    backward = usage_error([&] { y.backward(); });
  }).join();
  CHECK(operation == "mul: an operand ('variable') belongs to another thread");
  CHECK(backward == "backward: 'mul' belongs to another thread");
  y.backward();
  CHECK(x.grad()(0) == 6);
}

TEST_CASE("variables may outlive their thread, with everything behind them") {
  const std::vector<int> labels{0, 1};
  const auto loss = [&] {  // its node owns a buffer of its own
    return cross_entropy(variable(test::numbers(2, 3, 1)), labels);
  };
  std::thread([&] { made_by_another_thread = loss(); }).join();
  outlives_the_program = loss();
  CHECK(made_by_another_thread->item() == outlives_the_program->item());
  made_by_another_thread.reset();
  std::thread([&] { made_by_another_thread = loss(); }).join();  // this one stays until the end
}
