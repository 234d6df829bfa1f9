// A user's own elementwise operation must say what its derivative is.
// expect: tinynet: an elementwise operation is a functor with operator()(x) and derivative(x, y)
#include <tinynet/autodiff/ops/map.hpp>

struct Cube {
  auto operator()(auto x) const { return x * x * x; }
#ifndef TINYNET_MUST_FAIL
  auto derivative(auto x, auto) const { return x * x + x * x + x * x; }
#endif
};

auto cube(const tinynet::Parameter<float, 2, 3>& x) { return tinynet::map(Cube{}, x); }
