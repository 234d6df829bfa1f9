// Gradients on a device, and what of them is put off.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <tinynet/autodiff/device_gradient.hpp>

#include "../cuda/emulated.hpp"

using namespace tinynet;

namespace {

using Scalar = detail::On<float, test::Emulated>;
using Gradient = detail::DeviceGradient<Scalar>;

/// A gradient of the same number everywhere.
struct Constant final : detail::PendingGradient<Scalar> {
  float number;
  int used = 0;

  explicit Constant(float n) : number(n) {}
  void put(Scalar* gradient, bool accumulate) override {
    ++used;
    for (int i = 0; i < 3; ++i) gradient[i].number = (accumulate ? gradient[i].number : 0) + number;
  }
};

bool is(const Gradient& gradient, float number) { return gradient.to(cpu) == Eigen::VectorXf::Constant(3, number); }

}  // namespace

TEST_CASE("gradients are 0 at first, and added up") {
  Gradient gradient(3);
  CHECK(is(gradient, 0));
  Constant two(2), five(5);
  gradient.add(&two, {});
  gradient.add(&five, {});
  CHECK(is(gradient, 7));
  gradient.setZero();
  CHECK(is(gradient, 0));
}

TEST_CASE("one that nobody looks at is never computed") {
  Gradient gradient(3);
  Constant two(2), five(5);
  gradient.add(&two, {});
  gradient.setZero();
  gradient.add(&five, {});
  CHECK(two.used == 0);
  CHECK(five.used == 0);
  CHECK(is(gradient, 5));
  CHECK(is(gradient, 5));
  CHECK(five.used == 1);
}

TEST_CASE("it can be taken by somebody who puts it there") {
  Gradient gradient(3);
  CHECK(gradient.take().first == nullptr);
  Constant two(2), five(5);
  gradient.setZero();
  gradient.add(&two, {});
  CHECK(gradient.take().first == &two);
  two.put(gradient.numbers(), false);
  CHECK(gradient.take().first == nullptr);
  CHECK(is(gradient, 2));
  gradient.add(&five, {});
  CHECK(gradient.take().first == nullptr);  // there is something else already
  CHECK(is(gradient, 7));
}

TEST_CASE("after its numbers were given away nothing is put off") {
  Gradient gradient(3);
  const Scalar* const numbers = gradient.expose();
  Constant two(2);
  gradient.add(&two, {});
  CHECK(numbers[1].number == 2);
  CHECK(gradient.take().first == nullptr);
  gradient.setZero();
  CHECK(numbers[1].number == 0);
}
