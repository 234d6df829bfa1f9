#include <memory>
#include <stdexcept>
#include <tinynet/autodiff/record.hpp>

#include "testing.hpp"

using namespace tinynet;
using detail::Input;
using detail::Result;

namespace {

/// y = a + 2 b, written as operations are; `witness` lives in its backward function.
Var<double> add_twice(const Var<double>& a, const Var<double>& b, std::shared_ptr<int> witness = {}) {
  return detail::record<dynamic, dynamic, double>(
      "add_twice", a.shape(),
      [&](double* y) {
        for (Index i = 0; i < a.shape().size(); ++i) y[i] = a.node()->value[i] + 2 * b.node()->value[i];
      },
      [witness](const Result<double>& y, const Input<double>& x, const Input<double>& z) {
        double factor = 1;
        for (const Input<double>* in : {&x, &z}) {
          if (in->wants_gradient()) {
            const auto dx = in->target();
            for (Index i = 0; i < y.shape.size(); ++i)
              dx.data[i] = (dx.accumulate ? dx.data[i] : 0) + factor * y.gradient[i];
            if (witness) ++*witness;
          }
          factor = 2;
        }
      },
      a, b);
}

}  // namespace

TEST_CASE("an operation has a value, a name, and a gradient by each operand that wants one") {
  const test::Numbers a = test::numbers(2, 3, 1), b = test::numbers(2, 3, 2);
  const auto x = variable(a), z = variable(b);
  const auto calls = std::make_shared<int>(0);
  const auto y = add_twice(x, z, calls);
  CHECK(y.value() == a + 2 * b);
  CHECK(std::string(y.node()->name) == "add_twice");
  y.backward(a);
  CHECK(x.grad() == a);
  CHECK(z.grad() == 2 * a);
  CHECK(*calls == 2);
  add_twice(constant(a), z, calls).backward(a);
  CHECK(z.grad() == 4 * a);
  CHECK(*calls == 3);
  add_twice(x, x).backward(a);
  CHECK(test::distance(x.grad(), 4 * a) < 1e-15);
}

TEST_CASE("the backward function is kept only where it is needed") {
  const test::Numbers a = test::numbers(2, 3, 1);
  const auto witness = std::make_shared<int>(0);
  {
    const auto recorded = add_twice(variable(a), constant(a), witness);
    CHECK(witness.use_count() == 2);
    const auto constants = add_twice(constant(a), constant(a), witness);
    const auto unrecorded = no_grad([&] { return add_twice(variable(a), variable(a), witness); });
    CHECK(witness.use_count() == 2);
    CHECK_FALSE(constants.requires_grad());
    CHECK_FALSE(unrecorded.requires_grad());
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("an operand without a value is refused with the operation's name") {
  CHECK(test::usage_error([] {
          (void)detail::record<1, 1, double>(
              "no_such_thing", {1, 1}, [](double*) {}, [](const auto&...) {}, Var<double>());
        }) == "no_such_thing: an operand holds no value yet");
}

TEST_CASE("an exception while computing the value leaves nothing behind") {
  const auto x = variable(1.0);
  auto& tape = detail::Tape<double>::current();
  const std::size_t before = tape.size();
  CHECK_THROWS_AS((detail::record<1, 1, double>(
                      "fails", {1, 1}, [](double*) { throw std::runtime_error("no"); }, [](const auto&...) {}, x)),
                  std::runtime_error);
  CHECK(tape.size() == before);
  CHECK(x.node()->references == 1);
}
