// A file has parameters and buffers of one type of number.
// expect: tinynet: a buffer in members() must be of the module's type of number
#include <tinynet/nn/module.hpp>

#ifdef TINYNET_MUST_FAIL
using Number = int;
#else
using Number = float;
#endif

struct Counts : tinynet::Module<Counts, float> {
  Eigen::Matrix<Number, 2, 3> seen;
  static void members(auto& self, auto&& visit) { visit("seen", self.seen); }
};

auto saved(const Counts& counts) { return state_dict(counts); }
