// Gradients of functions of single numbers, one variable of the tape each.
#include <tinynet/tinynet.hpp>

#include "scalars.hpp"

namespace tn = tinynet;

int main(int count, char** words) {
  return bench::run_scalars(count, words, [](const std::string&) {
    return [](const auto& f, const std::vector<double>& start, std::vector<double>& dx) {
      std::vector<tn::Var<double, 1, 1>> x;
      x.reserve(start.size());
      for (const double number : start) x.push_back(tn::variable(number));
      const auto y = f(x);
      y.backward();
      for (std::size_t i = 0; i < x.size(); ++i) dx[i] = x[i].grad()(0);
      return y.item();
    };
  });
}
