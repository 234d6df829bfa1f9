// A 2 x 3 matrix times a 4 x 5 one.
// expect: tinynet: matmul(a, b): a must have as many columns as b has rows
#include <tinynet/autodiff/ops/matmul.hpp>

auto product(const tinynet::Parameter<float, 2, 3>& a, const tinynet::Parameter<float, 3, 5>& b,
             [[maybe_unused]] const tinynet::Parameter<float, 4, 5>& wrong) {
#ifdef TINYNET_MUST_FAIL
  return tinynet::matmul(a, wrong);
#else
  return tinynet::matmul(a, b);
#endif
}
