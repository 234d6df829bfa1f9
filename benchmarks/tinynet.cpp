// bench_tinynet WORK STEPS THREADS [auto|tape]: the works of compare.py, each in the user's own loop.
#include "work.hpp"

#include <tinynet/mlp.hpp>

namespace tn = tinynet;

namespace {

// Full batches and plain gradient descent: a step is a measurement.
template <class Net>
void full_batch(const bench::Arguments& arguments, const tn::Dataset& data, double lr) {
  Net net{tn::Seed{0}};
  tn::SGD optimizer{net, {.lr = lr}};
  bench::measure(arguments.steps, [&](int) {
    auto loss = tn::cross_entropy(net(data.images), data.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss.item();
  });
}

// Mini-batches in the order of the data, pixels scaled to 0..1, and Adam: an epoch is a measurement.
template <class Net>
void mini_batch(const bench::Arguments& arguments, const tn::Dataset& data, tn::Index size) {
  Net net{tn::Seed{0}};
  tn::Adam optimizer{net};
  const auto scaled = data.images * (1.0 / 255);
  tn::Batches batches(scaled, data.labels, size, {.shuffle = false});
  bench::measure(arguments.steps, [&](int) {
    float last = 0;
    for (tn::Index i = 0; i < batches.per_epoch(); ++i) {
      const auto [x, y] = batches.next();
      auto loss = tn::cross_entropy(net(x), y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      last = loss.item();
    }
    return last;
  });
}

}  // namespace

int main(int count, char** values) {
  const bench::Arguments arguments(count, values);
  tn::set_num_threads(arguments.threads);
  if (arguments.engine == "tape") tn::set_engine(tn::Engine::tape);
  const std::string& work = arguments.work;
  if (work == "full")
    full_batch<tn::MLP<784, 30, 30, 10>>(arguments, bench::training_set(), 0.003);
  else if (work == "dense")
    full_batch<tn::MLP<784, 30, 30, 10>>(arguments, bench::random_set(), 1e-5);
  else if (work == "wide")
    full_batch<tn::MLP<784, 256, 128, 10>>(arguments, bench::training_set(), 0.003);
  else if (work == "batch64")
    mini_batch<tn::MLP<784, 30, 30, 10>>(arguments, bench::training_set(), 64);
  else if (work == "batch512")
    mini_batch<tn::MLP<784, 128, 10>>(arguments, bench::training_set(), 512);
  else
    return std::cerr << "bench_tinynet: unknown work '" << work << "'\n", 2;
}
