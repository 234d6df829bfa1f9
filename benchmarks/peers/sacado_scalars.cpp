// The same with Sacado: reverse mode, or with mode=forward its forward mode, which carries three derivatives along.
#define SACADO_DISABLE_FAD_VIEW_SPEC  // without MPI's headers
#include <Sacado_No_Kokkos.hpp>

#include "../scalars.hpp"

namespace {

using Reverse = Sacado::Rad::ADvar<double>;
using Forward = Sacado::Fad::SFad<double, 3>;

template <class F>
double reverse(const F& f, const std::vector<double>& start, std::vector<double>& dx) {
  const std::vector<Reverse> x(start.begin(), start.end());
  const Reverse y = f(x);
  Reverse::Gradcomp();
  for (std::size_t i = 0; i < x.size(); ++i) dx[i] = x[i].adj();
  return y.val();
}

template <class F>
double forward(const F& f, const std::vector<double>& start, std::vector<double>& dx) {
  std::vector<Forward> x;
  for (std::size_t i = 0; i < start.size(); ++i) x.push_back(Forward(3, static_cast<int>(i), start[i]));
  const Forward y = f(x);
  for (std::size_t i = 0; i < x.size(); ++i) dx[i] = y.dx(static_cast<int>(i));
  return y.val();
}

}  // namespace

int main(int count, char** words) {
  return bench::run_scalars(count, words, [](const std::string& mode) {
    return [forwards = mode == "forward"](const auto& f, const auto& x, auto& dx) {
      return forwards ? forward(f, x, dx) : reverse(f, x, dx);
    };
  });
}
