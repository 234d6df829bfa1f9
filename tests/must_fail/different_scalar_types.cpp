// A float matrix plus a double one.
// expect: tinynet: the operands of an operation have different scalar types
#include <tinynet/autodiff/ops/arithmetic.hpp>

auto sum(const tinynet::Parameter<float, 2, 3>& a, const tinynet::Parameter<float, 2, 3>& b,
         [[maybe_unused]] const tinynet::Parameter<double, 2, 3>& wrong) {
#ifdef TINYNET_MUST_FAIL
  return a + wrong;
#else
  return a + b;
#endif
}
