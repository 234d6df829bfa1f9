// Run by mpirun: every process goes through the same cases.
#include <tinynet/dist/mpi.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <tinynet/mlp.hpp>

using namespace tinynet;

namespace {

const Mpi& mpi() {
  static const Mpi all({.timeout = 60});
  return all;
}

}  // namespace

TEST_CASE("Mpi: sums, any, gather, broadcast, barrier") {
  const auto size = static_cast<double>(mpi().size()), rank = static_cast<double>(mpi().rank());
  std::vector<float> numbers(50'000, 1);
  std::vector<double> totals{rank, 1e-3};
  mpi().sum(numbers, totals);
  for (const float number : numbers) REQUIRE(number == static_cast<float>(size));
  CHECK(totals[0] == size * (size - 1) / 2);

  CHECK(mpi().any(rank == size - 1));
  CHECK_FALSE(mpi().any(false));
  CHECK(mpi().processes_here() == mpi().size());
  CHECK(mpi().rank_here() == mpi().rank());
  mpi().barrier();

  std::array<Index, 3> of_first{mpi().rank(), 7 + mpi().rank(), -mpi().rank()};
  mpi().broadcast(std::as_writable_bytes(std::span(of_first)));
  CHECK(of_first == std::array<Index, 3>{0, 7, 0});

  const std::uint64_t own = 0xFEDC'BA98'7654'3210u + static_cast<std::uint64_t>(mpi().rank());
  const auto all = mpi().gather(own);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == 0xFEDC'BA98'7654'3210u + i);
}

TEST_CASE("Mpi: a training has the same bits on every process, and those of one alone if they are 1, 2, 4 or 8") {
  std::vector<std::uint8_t> pixels, labels;
  for (Index i = 0; i < 2000 * 10; ++i) pixels.push_back(static_cast<std::uint8_t>(i * i % 97 < 60 ? 0 : i * 7 % 256));
  for (Index i = 0; i < 2000; ++i) labels.push_back(static_cast<std::uint8_t>(i * i % 3));
  const Dataset data{Images(pixels, 2000, 2, 5), labels};
  const auto train = [](const Dataset& part) {
    MLP<10, 8, 3> net(Seed{1});
    SGD optimizer(net, {.lr = 1e-3f, .momentum = 0.9f});
    for (int step = 0; step < 20; ++step) {
      const auto loss = cross_entropy(net(part.images), part.labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    return Matrix<float, dynamic, 1>(optimizer.parameters().value);
  };
  const auto together = train(share(mpi(), data)), alone = train(data);
  if ((mpi().size() & (mpi().size() - 1)) == 0)
    CHECK(together == alone);
  else
    CHECK((together - alone).cwiseAbs().maxCoeff() <= 1e-5f);
  std::uint64_t hash = 0;
  for (Index i = 0; i < together.size(); ++i) hash = hash * 31 + std::bit_cast<std::uint32_t>(together[i]);
  for (const std::uint64_t other : mpi().gather(hash)) CHECK(other == hash);
}

TEST_CASE("Mpi: who does not answer is named by all others") {
  if (mpi().size() < 3) return;
  const Mpi impatient({.timeout = 1});
  if (mpi().rank() == 2) {
    std::this_thread::sleep_for(std::chrono::seconds(3));
  } else {
    std::string text;
    try {
      impatient.barrier();
    } catch (const Error& error) {
      text = error.what();
      CHECK(error.code() == ErrorCode::distributed);
    }
    CHECK(text == "no answer from rank 2 of " + std::to_string(mpi().size()) + " for 1 s");
  }
  mpi().barrier();
}

TEST_CASE("Mpi: a timeout must be positive") {
  CHECK_THROWS_AS(Mpi({.timeout = 0}), Error);
  CHECK_THROWS_AS(Mpi({.timeout = -1}), Error);
}
