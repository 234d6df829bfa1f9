// Gradients by the tape, one a measurement: of a net for one row, and of Rosenbrock's function in 1000 variables.
#include <tinynet/mlp.hpp>
#include <tinynet/tinynet.hpp>

#include "bench.hpp"

namespace tn = tinynet;

namespace {

// The loss of a small net for one row; mode=tape by the general operations, else as tinynet chooses.
void net_gradient(const bench::Arguments& arguments, bench::Recorder& recorder) {
  tn::BasicMLP<float, tn::Tanh, 3, 16, 16, 1> net{tn::Seed{0}};
  const tn::Matrix<float, 1, 3> x(0.5f, -0.25f, 1.0f);
  const tn::Matrix<float, 1, 1> target(1.0f);
  const auto flat = tn::flat_parameters(net);
  float value = 0;
  recorder.measure(arguments.number("steps"), [&] {
    const auto loss = tn::mse_loss(net(x), target);
    flat->gradient.setZero();
    loss.backward();
    value = loss.item();
  });
  recorder.check(value);
  recorder.check(flat->gradient.norm());
}

// sum 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2
void rosenbrock_gradient(const bench::Arguments& arguments, bench::Recorder& recorder) {
  constexpr tn::Index n = 1000;
  tn::Matrix<float, tn::dynamic, 1> start(n, 1);
  for (tn::Index i = 0; i < n; ++i) start(i) = 0.5f * static_cast<float>(i % 7 - 3);
  const auto x = tn::variable(start);
  float value = 0;
  recorder.measure(arguments.number("steps"), [&] {
    const auto next = tn::middle_rows(x, 1, n - 1);
    const auto here = tn::middle_rows(x, 0, n - 1);
    const auto f = tn::sum(100 * tn::square(next - tn::square(here)) + tn::square(1 - here));
    x.zero_grad();
    f.backward();
    value = f.item();
  });
  recorder.check(value);
  recorder.check(x.grad().norm());
}

}  // namespace

int main(int count, char** words) {
  return bench::run(count, words, [](const bench::Arguments& arguments, bench::Recorder& recorder) {
    tn::set_num_threads(arguments.number("threads"));
    if (arguments.text("mode") == "tape") tn::set_engine(tn::Engine::tape);
    (arguments.text("function") == "net" ? net_gradient : rosenbrock_gradient)(arguments, recorder);
  });
}
