// The same with ADOL-C: recorded anew for every gradient, or with mode=recorded once.
#include <adolc/adolc.h>

#include "../scalars.hpp"

namespace {

template <class F>
double record(const F& f, const std::vector<double>& start, int keep) {
  double value = 0;
  trace_on(1, keep);
  {
    std::vector<adouble> x(start.size());
    for (std::size_t i = 0; i < start.size(); ++i) x[i] <<= start[i];
    adouble y = f(x);
    y >>= value;
  }
  trace_off();
  return value;
}

}  // namespace

int main(int count, char** words) {
  return bench::run_scalars(count, words, [](const std::string& mode) {
    return [recorded_once = mode == "recorded", there = false](const auto& f, const auto& start,
                                                               std::vector<double>& dx) mutable {
      const int n = static_cast<int>(start.size());
      if (recorded_once) {
        if (!there) record(f, start, 0);
        there = true;
        double value = 0;
        function(1, 1, n, const_cast<double*>(start.data()), &value);
        gradient(1, n, const_cast<double*>(start.data()), dx.data());
        return value;
      }
      const double value = record(f, start, 1);
      double one = 1;
      reverse(1, 1, n, 0, one, dx.data());
      return value;
    };
  });
}
