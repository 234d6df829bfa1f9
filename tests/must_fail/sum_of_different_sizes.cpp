// A 2 x 3 matrix plus a 2 x 4 one; a row of 3 would be added to each row.
// expect: tinynet: an elementwise operation on matrices of different sizes
#include <tinynet/autodiff/ops/arithmetic.hpp>

auto sum(const tinynet::Parameter<float, 2, 3>& a, const tinynet::Parameter<float, 1, 3>& row,
         [[maybe_unused]] const tinynet::Parameter<float, 2, 4>& wrong) {
#ifdef TINYNET_MUST_FAIL
  return a + wrong;
#else
  return a + row;
#endif
}
