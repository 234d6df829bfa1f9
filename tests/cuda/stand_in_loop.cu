// A user's own loop on a GPU that is none (tests/programs/stand_in_runtime.cpp): what it asks CUDA for.
#include <tinynet/cuda.cuh>

#include <tinynet/nn/ensemble.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <thread>

#include "../programs/stand_in_runtime.hpp"

namespace tn = tinynet;

namespace {

/// A net with its data on the GPU, and what a loop does with them.
struct Training {
  Training()
      : net(tn::MLP<6, 9, 4>{tn::Seed{1}}.to(tn::cuda)),
        images(tn::Images(std::vector<std::uint8_t>(70 * 6, 3), 70, 2, 3).to(tn::cuda)),
        labels(std::vector<int>(70, 1), tn::cuda),
        optimizer(net, {.lr = 0.1f}) {}

  float steps(int count, bool look) {
    float last = 0;
    for (int i = 0; i < count; ++i) {
      const auto loss = tn::cross_entropy(net(images * (1.0 / 255)), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      if (look) last = loss.item();
    }
    return last;
  }

  tn::detail::Rebound<tn::MLP<6, 9, 4>, tn::Cuda> net;
  tn::DeviceImages<tn::Cuda> images;
  tn::DeviceLabels<tn::Cuda> labels;
  tn::SGD<tn::detail::On<float, tn::Cuda>> optimizer;
};

}  // namespace

TEST_CASE("a step is two kernels; many steps go together as a graph, unless somebody looks at each loss") {
  Training training;
  training.steps(1, true);
  const stand_in::Counts start = stand_in::counts();
  training.steps(50, true);
  const stand_in::Counts looking = stand_in::counts();
  CHECK(looking.kernels - start.kernels == 100);
  CHECK(looking.graphs == start.graphs);
  training.steps(160, false);
  training.steps(1, true);
  const stand_in::Counts end = stand_in::counts();
  CHECK(end.kernels - looking.kernels == 322);
  CHECK(end.graphs - looking.graphs == 9);  // the first 16 steps went one by one
  CHECK(end.arguments - looking.arguments <= 32);
  CHECK(end.frees == start.frees);  // and memory is used again
}

TEST_CASE("the nets of an ensemble take one launch of each kernel, and have the same memory at each step") {
  Training data;
  std::vector<tn::Seed> seeds(16);
  auto nets = tn::Ensemble<tn::dynamic, tn::MLP<6, 9, 4>>{seeds}.to(tn::cuda);
  std::vector<tn::SGD<tn::detail::On<float, tn::Cuda>>> optimizers;
  for (tn::Index k = 0; k < nets.size(); ++k) optimizers.emplace_back(nets[k], tn::SGDOptions{.lr = 0.1});
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const auto losses = tn::cross_entropy(nets(data.images * (1.0 / 255)), data.labels);
      nets.zero_grad();
      losses.backward();
      nets.for_each([&](tn::Index k) { optimizers[static_cast<std::size_t>(k)].step(); });
    }
  };
  steps(100);
  const stand_in::Counts start = stand_in::counts();
  steps(160);
  const stand_in::Counts end = stand_in::counts();
  CHECK(end.graphs - start.graphs == 10);
  CHECK(end.kernels - start.kernels == 160 * 2);
  CHECK(end.arguments == start.arguments);
  CHECK(end.frees == start.frees);
}

TEST_CASE("memory goes back to CUDA after what waits for it has been launched") {
  Training training;
  // The pixels are the last that is left of a thread that has ended, and all of its memory goes with them.
  std::optional<tn::DeviceImages<tn::Cuda>> images;
  std::thread([&] { images = tn::Images(std::vector<std::uint8_t>(70 * 6, 3), 70, 2, 3).to(tn::cuda); }).join();
  const stand_in::Counts start = stand_in::counts();
  for (int i = 0; i < 5; ++i) {
    const auto loss = tn::cross_entropy(training.net(*images * (1.0 / 255)), training.labels);
    training.optimizer.zero_grad();
    loss.backward();
    training.optimizer.step();
  }
  CHECK(stand_in::counts().kernels == start.kernels);
  images.reset();
  const stand_in::Counts end = stand_in::counts();
  CHECK(end.frees > start.frees);
  CHECK(end.kernels - start.kernels == 10);
}

TEST_CASE("a thread keeps to one GPU; another thread can have another") {
  Training training;
  training.steps(1, true);
  const auto ones = tn::variable(Eigen::MatrixXf(Eigen::MatrixXf::Ones(50, 50)), tn::cuda);
  tn::use_gpu(1);
  constexpr const char* refused = "this thread has used GPU 0 and cannot go on with 1; take another thread for that";
  CHECK_THROWS_WITH_AS(training.steps(1, true), refused, tn::Error);
  const int allocations = stand_in::counts().allocations;
  CHECK_THROWS_WITH_AS(ones + ones, refused, tn::Error);
  CHECK(stand_in::counts().allocations == allocations);  // none that a later operation on GPU 0 would get
  tn::use_gpu(0);
  training.steps(1, true);
  std::thread([] {
    tn::use_gpu(1);
    Training().steps(20, true);
  }).join();
}

TEST_CASE("after a failure that lasts nothing more is asked of CUDA") {
  std::optional<Training> training(std::in_place);
  training->steps(20, false);
  ::setenv("TINYNET_STAND_IN", "illegal address", 1);
  CHECK_THROWS_WITH_AS(training->steps(1, true), "cudaMemcpyAsync: the stand-in says so (cudaErrorIllegalAddress)",
                       tn::Error);
  const stand_in::Counts failed = stand_in::counts();
  training.reset();
  CHECK(stand_in::counts().frees == failed.frees);
}
