// Many nets trained at once (Ensemble) against the same trainings one after another: prints the time of the first as a
// part of the second, in processor seconds and in those of the clock. Both are made in turns in this process, and must
// give the same bits. The net is 784-30-30-10, the optimizer SGD.
//
//   TINYNET_DATA=folder/with/mnist bench_ensemble data=mnist nets=8 batch=0 threads=1 rounds=9
//
// data: as in compare.py (mnist, or bytes, which are dense); batch=0: all rows a step, else shuffled batches.
#include <algorithm>
#include <ctime>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/ensemble.hpp>

#include "bench.hpp"

namespace tn = tinynet;

namespace {

using Net = tn::MLP<784, 30, 30, 10>;
using Optimizers = std::vector<tn::SGD<float>>;

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

/// The middle of the rounds' quotients of one kind of seconds.
double middle_quotient(const std::vector<std::pair<Seconds, Seconds>>& rounds, double Seconds::*kind) {
  std::vector<double> quotients;
  for (const auto& [together, alone] : rounds) quotients.push_back(together.*kind / (alone.*kind));
  std::sort(quotients.begin(), quotients.end());
  return quotients[quotients.size() / 2];
}

void run(const bench::Arguments& arguments) {
  tn::set_num_threads(arguments.number("threads"));
  const tn::Index count = arguments.number("nets"), batch = arguments.number("batch");
  const bench::Data data = bench::read_data(arguments.text("data"), {784, 10});
  std::vector<tn::Seed> seeds;
  for (tn::Index k = 0; k < count; ++k) seeds.push_back({static_cast<std::uint64_t>(k)});
  tn::Ensemble<tn::dynamic, Net> nets(seeds);
  std::vector<Net> alone(seeds.begin(), seeds.end());
  Optimizers optimizers, optimizers_alone;
  for (tn::Index k = 0; k < count; ++k) {
    optimizers.emplace_back(nets[k], tn::SGDOptions{.lr = 0.003});
    optimizers_alone.emplace_back(alone[static_cast<std::size_t>(k)], tn::SGDOptions{.lr = 0.003});
  }

  // A round is a full batch, or twenty small ones; whoever trains draws its own.
  using Batches = tn::Batches<tn::Images, std::uint8_t>;
  const auto make_batches = [&] {
    return Batches(data.bytes, data.labels, std::max<tn::Index>(batch, 1), {.seed = {1}});
  };
  const auto each_step = [&](Batches& batches, const auto& step) {
    if (batch == 0) return step(data.rows(), std::span(data.labels));
    for (int i = 0; i < 20; ++i) {
      const auto [x, y] = batches.next();
      step(x, y);
    }
  };
  Batches batches = make_batches();
  std::vector<Batches> batches_alone(alone.size(), make_batches());
  const auto train_together = [&] {
    each_step(batches, [&](const auto& x, const auto& y) {
      const auto losses = tn::cross_entropy(nets(x), y);
      nets.zero_grad();
      losses.backward();
      for (auto& optimizer : optimizers) optimizer.step();
    });
  };
  const auto train_alone = [&] {
    for (std::size_t k = 0; k < alone.size(); ++k)
      each_step(batches_alone[k], [&](const auto& x, const auto& y) {
        const auto loss = tn::cross_entropy(alone[k](x), y);
        optimizers_alone[k].zero_grad();
        loss.backward();
        optimizers_alone[k].step();
      });
  };
  train_together();  // the first time reads the pixels' lists
  train_alone();
  std::vector<std::pair<Seconds, Seconds>> rounds;
  for (int i = 0; i < arguments.number("rounds"); ++i) {
    const Seconds together = seconds_of(train_together);
    rounds.emplace_back(together, seconds_of(train_alone));
  }
  for (tn::Index k = 0; k < count; ++k)
    if (optimizers[static_cast<std::size_t>(k)].parameters().value !=
        optimizers_alone[static_cast<std::size_t>(k)].parameters().value)
      throw std::runtime_error("net " + std::to_string(k) + " has other bits than alone");
  std::printf("{\"processor\": %.3f, \"clock\": %.3f}\n", middle_quotient(rounds, &Seconds::processor),
              middle_quotient(rounds, &Seconds::clock));
}

}  // namespace

int main(int count, char** words) { return bench::run_program(count, words, run); }
