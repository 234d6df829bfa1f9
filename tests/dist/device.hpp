// Trainings on rows that are shared among devices, one of each process of an MPI job.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <random>
#include <tinynet/data/batches.hpp>
#include <tinynet/dist/mpi.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

namespace dist_tests {

using namespace tinynet;
using Net = MLP<24, 20, 9, 5>;

inline Dataset data(Index rows) {
  std::mt19937 random(3);
  std::vector<std::uint8_t> pixels, labels;
  for (Index i = 0; i < rows * 24; ++i) pixels.push_back(static_cast<std::uint8_t>(random() % 256));
  for (Index i = 0; i < rows; ++i) labels.push_back(static_cast<std::uint8_t>(random() % 5));
  return {Images(pixels, rows, 4, 6), labels};
}

/// The parameters after some steps of step(net), and the losses before them.
template <class Optimizer, class Device, class Options, class Loss>
std::vector<float> trained(Device device, const Options& options, int steps, const Loss& loss_of) {
  auto net = Net(Seed{3}).to(device);
  Optimizer optimizer(net, options);
  std::vector<float> numbers;
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    loss_of(net, numbers);
    optimizer.step();
  }
  const auto parameters = flat_parameters(net)->value.to(cpu);
  numbers.insert(numbers.end(), parameters.data(), parameters.data() + parameters.size());
  return numbers;
}

inline void check_close_and_same(const Mpi& mpi, const std::vector<float>& together, const std::vector<float>& alone) {
  REQUIRE(together.size() == alone.size());
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    CHECK(std::abs(together[i] - alone[i]) <= 2e-5f * (1 + std::abs(alone[i])));
    hash = hash * 31 + std::bit_cast<std::uint32_t>(together[i]);
  }
  for (const std::uint64_t other : mpi.gather(hash)) CHECK(other == hash);
}

/// Full batches, mini-batches, gradients that add up: close to what one device gives, and the same on all. `shared` is
/// what the device adds up with, `ranks` its processes.
template <class Device>
void check_trainings(Device device, const Mpi& mpi, const Ranks& ranks) {
  using Scalar = detail::On<float, Device>;
  for (const Index rows : {1, 333, 1100}) {  // the others have none of 1
    CAPTURE(rows);
    const Dataset all = data(rows);
    const auto train = [&](const Dataset& part) {
      const auto there = part.to(device);
      return trained<SGD<Scalar>>(device, SGDOptions{.lr = 1e-2, .momentum = 0.9}, 8,
                                  [&](const auto& net, auto& losses) {
                                    const auto loss = cross_entropy(net(there.images * (1.0 / 255)), there.labels);
                                    losses.push_back(loss.item());
                                    loss.backward();
                                  });
    };
    check_close_and_same(mpi, train(share(ranks, all)), train(all));
  }

  const Dataset all = data(700);
  const auto train = [&](const auto& share_of) {
    const auto there = all.to(device);
    auto some = batches(there, 150, {.seed = Seed{4}});
    return trained<Adam<Scalar>>(device, AdamOptions{.lr = 1e-3}, 6, [&](const auto& net, auto& losses) {
      for (int i = 0; i < 2; ++i) {
        const auto batch = share_of(some.next());
        const auto loss = cross_entropy(net(batch.x * (1.0 / 255)), batch.y);
        loss.backward();
        losses.push_back(loss.item());
      }
    });
  };
  check_close_and_same(mpi, train([&](const auto& batch) { return share(ranks, batch); }),
                       train([](const auto& batch) { return batch; }));
}

/// What cannot be says so.
template <class Device>
void check_refused(Device device, const Mpi& mpi, const Ranks& ranks) {
  const Dataset all = data(64);
  CHECK_THROWS_WITH_AS(share(mpi, all).to(device), doctest::Contains("in the program's memory only"), Error);
  const auto there = share(ranks, all).to(device);
  const auto net = Net(Seed{3}).to(device);
  CHECK_THROWS_WITH_AS(net(there.images * 1.0).var(), doctest::Contains("only the fused step"), Error);
  CHECK_THROWS_AS(there.images.as_rows().middle_rows(0, 0), Error);
}

}  // namespace dist_tests
