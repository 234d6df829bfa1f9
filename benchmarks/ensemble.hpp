// Many nets trained at once (Ensemble) against the same trainings one after another: prints the time of the first as a
// part of the second, in processor seconds and in those of the clock, and the microseconds of one net's step alone.
// Both are made in turns in this process, and must give the same bits. The net is 784-30-30-10, the optimizer SGD.
//
//   TINYNET_DATA=folder/with/mnist bench_ensemble data=mnist nets=8 batch=0 steps=1 threads=1 rounds=9
//
// data: as in compare.py (mnist, or bytes, which are dense); batch=0: all rows a step, else shuffled batches; steps: in
// a round, whose time ends when the device is done.
#pragma once

#include <algorithm>
#include <ctime>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/ensemble.hpp>

#include "bench.hpp"

namespace bench {

namespace tn = tinynet;

struct Seconds {
  double processor = 0, clock = 0;
};

template <class F>
Seconds seconds_of(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor = std::clock();
  f();
  return {static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC,
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
}

/// The middle of f(round), where a round has the times together and alone.
template <class F>
double middle(const std::vector<std::pair<Seconds, Seconds>>& rounds, const F& f) {
  std::vector<double> numbers;
  std::transform(rounds.begin(), rounds.end(), std::back_inserter(numbers), f);
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}
/// That of the quotients of one kind of seconds.
inline double middle_quotient(const std::vector<std::pair<Seconds, Seconds>>& rounds, double Seconds::*kind) {
  return middle(rounds, [kind](const auto& round) { return round.first.*kind / (round.second.*kind); });
}

inline const tn::Dataset& moved(const tn::Dataset& data, tn::Cpu) { return data; }
template <class Device>
auto moved(const tn::Dataset& data, Device device) {
  return data.to(device);
}

template <class Device>
void run_ensemble(const Arguments& arguments, Device device) {
  tn::set_num_threads(arguments.number("threads"));
  const tn::Index count = arguments.number("nets"), batch = arguments.number("batch");
  const int steps = arguments.number("steps");
  Data read = read_data(arguments.text("data"), {784, 10});
  const tn::Dataset here{std::move(read.bytes), std::move(read.labels)};
  const auto& data = moved(here, device);
  std::vector<tn::Seed> seeds;
  for (tn::Index k = 0; k < count; ++k) seeds.push_back({static_cast<std::uint64_t>(k)});
  auto nets = tn::Ensemble<tn::dynamic, tn::MLP<784, 30, 30, 10>>(seeds).to(device), alone = nets;
  std::vector<tn::SGD<typename decltype(nets)::Scalar>> optimizers, optimizers_alone;
  for (tn::Index k = 0; k < count; ++k) {
    optimizers.emplace_back(nets[k], tn::SGDOptions{.lr = 0.003});
    optimizers_alone.emplace_back(alone[k], tn::SGDOptions{.lr = 0.003});
  }

  // Whoever trains draws batches of its own.
  const auto make_batches = [&] { return tn::batches(data, std::max<tn::Index>(batch, 1), {.seed = {1}}); };
  using Batches = decltype(make_batches());
  const auto each_step = [&](Batches& batches, const auto& step) {
    for (int i = 0; i < steps; ++i) {
      if (batch == 0) {
        step(data.images, data.labels, i + 1 == steps);
      } else {
        const auto [x, y] = batches.next();
        step(x, y, i + 1 == steps);
      }
    }
  };
  Batches batches = make_batches();
  std::vector<Batches> batches_alone;
  for (tn::Index k = 0; k < count; ++k) batches_alone.push_back(make_batches());
  const auto train_together = [&] {
    each_step(batches, [&](const auto& x, const auto& y, bool wait) {
      const auto losses = tn::cross_entropy(nets(x), y);
      nets.zero_grad();
      losses.backward();
      nets.for_each([&](tn::Index k) { optimizers[static_cast<std::size_t>(k)].step(); });
      if (wait) losses[count - 1].item();
    });
  };
  const auto train_alone = [&] {
    for (tn::Index k = 0; k < count; ++k)
      each_step(batches_alone[static_cast<std::size_t>(k)], [&](const auto& x, const auto& y, bool wait) {
        auto& optimizer = optimizers_alone[static_cast<std::size_t>(k)];
        const auto loss = tn::cross_entropy(alone[k](x), y);
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        if (wait) loss.item();
      });
  };
  train_together();  // the first time reads the pixels' lists
  train_alone();
  std::vector<std::pair<Seconds, Seconds>> rounds;
  for (int i = 0; i < arguments.number("rounds"); ++i) {
    const Seconds together = seconds_of(train_together);
    rounds.emplace_back(together, seconds_of(train_alone));
  }
  for (std::size_t k = 0; k < optimizers.size(); ++k) {
    auto a = nets[static_cast<tn::Index>(k)].to(tn::cpu), b = alone[static_cast<tn::Index>(k)].to(tn::cpu);
    if (tn::flat_parameters(a)->value != tn::flat_parameters(b)->value)
      throw std::runtime_error("net " + std::to_string(k) + " has other bits than alone");
  }
  const double alone_seconds = middle(rounds, [](const auto& round) { return round.second.clock; });
  std::printf("{\"processor\": %.3f, \"clock\": %.3f, \"alone_us\": %.4g}\n",
              middle_quotient(rounds, &Seconds::processor), middle_quotient(rounds, &Seconds::clock),
              1e6 * alone_seconds / static_cast<double>(count * steps));
}

}  // namespace bench
