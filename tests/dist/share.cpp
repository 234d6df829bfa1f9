#include <tinynet/dist/share.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <tinynet/data/file_batches.hpp>
#include <tinynet/data/image_file.hpp>
#include <tinynet/mlp.hpp>

#include "thread_ranks.hpp"

using namespace tinynet;

namespace {

using Net = MLP<24, 20, 9, 5>;

/// Pictures of which so many pixels in a hundred are not black; the later ones have more.
Dataset data(Index rows, std::uint64_t percent) {
  std::mt19937 random(static_cast<std::uint32_t>(rows) + static_cast<std::uint32_t>(percent));
  std::vector<std::uint8_t> pixels, labels;
  for (Index row = 0; row < rows; ++row) {
    for (Index i = 0; i < 24; ++i)
      pixels.push_back(random() % 100 < percent + static_cast<std::uint64_t>(20 * row / rows)
                           ? static_cast<std::uint8_t>(random())
                           : std::uint8_t{0});
    labels.push_back(static_cast<std::uint8_t>(random() % 5));
  }
  return {Images(pixels, rows, 4, 6), labels};
}

/// What a training leaves: the parameters and the losses before each step.
struct Result {
  std::vector<float> parameters, losses;
  friend bool operator==(const Result&, const Result&) = default;
};

template <class Optimizer, class Loss>
Result train(const Net& net, Optimizer& optimizer, int steps, const Loss& loss_of_next) {
  Result result;
  for (int step = 0; step < steps; ++step) {
    const auto loss = loss_of_next();
    result.losses.push_back(loss.item());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  const auto& flat = optimizer.parameters().value;
  result.parameters.assign(flat.data(), flat.data() + flat.size());
  static_cast<void>(net);
  return result;
}

Result whole_batches(const Dataset& part) {
  Net net(Seed{3});
  SGD optimizer(net, {.lr = 1e-3f});
  return train(net, optimizer, 12, [&] { return cross_entropy(net(part.images * (1.0 / 64)), part.labels); });
}

template <class Share>
Result mini_batches(const Dataset& all, Index size, const Share& share_of) {
  Net net(Seed{4});
  Adam optimizer(net, {.lr = 1e-2f});
  auto some = batches(all, size, {.seed = Seed{9}});
  return train(net, optimizer, 12, [&] {
    const auto [x, y] = share_of(some.next());
    return cross_entropy(net(x * (1.0 / 255)), y);
  });
}

float largest_difference(const Result& a, const Result& b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.parameters.size(); ++i)
    largest = std::max(largest, std::abs(a.parameters[i] - b.parameters[i]));
  return largest;
}

}  // namespace

TEST_CASE("RowShare: every row is somewhere, in order") {
  for (const Index size : {1, 2, 3, 4, 7, 8, 64, 100, 128})
    for (const Index rows : {1, 7, 255, 256, 1000, 60000}) {
      CAPTURE(size);
      CAPTURE(rows);
      Index next = 0;
      for (Index rank = 0; rank < size; ++rank) {
        dist_tests::Mailboxes boxes;
        const dist_tests::ThreadRanks ranks(boxes, rank, size);
        const RowShare share(ranks, rows);
        if (share.rows() > 0) CHECK(share.first_row == next);
        next += share.rows();
        if (rows == 60000) CHECK(std::abs(share.rows() - rows / size) <= 1);
      }
      CHECK(next == rows);
    }
}

TEST_CASE("share: full batches on 1, 2, 4, 8, 16 processes have the bits of one") {
  // So few rows that some have none, not a multiple of 8, sparse, dense, half of it (where the halves differ).
  struct Case {
    Index rows;
    std::uint64_t percent;
  };
  for (const Case& data_case : {Case{5, 20}, {300, 90}, {1001, 20}, {4099, 20}, {4099, 90}, {4100, 40}}) {
    const Index rows = data_case.rows;
    const std::uint64_t percent = data_case.percent;
    CAPTURE(rows);
    CAPTURE(percent);
    const Dataset all = data(rows, percent);
    const Result alone = whole_batches(all);
    CHECK(std::isfinite(alone.losses.back()));
    for (const Index size : {1, 2, 4, 8, 16}) {
      CAPTURE(size);
      for (const Result& one :
           dist_tests::in_each(size, [&](const auto& ranks) { return whole_batches(share(ranks, all)); }))
        CHECK(one == alone);
    }
    for (const Index size : {3, 7}) {
      const auto results =
          dist_tests::in_each(size, [&](const auto& ranks) { return whole_batches(share(ranks, all)); });
      for (const Result& one : results) CHECK(one == results.front());
      CHECK(largest_difference(results.front(), alone) <= 1e-5f);
    }
  }
}

TEST_CASE("share: batches of the same rows on any number of processes") {
  const Dataset all = data(1500, 20);
  for (const Index batch : {1, 64, 600}) {
    CAPTURE(batch);
    const Result alone = mini_batches(all, batch, [](auto some) { return some; });
    for (const Index size : {2, 8}) {
      CAPTURE(size);
      for (const Result& one : dist_tests::in_each(size, [&](const auto& ranks) {
             return mini_batches(all, batch, [&](const auto& some) { return share(ranks, some); });
           }))
        CHECK(one == alone);
    }
    const auto results = dist_tests::in_each(3, [&](const auto& ranks) {
      return mini_batches(all, batch, [&](const auto& some) { return share(ranks, some); });
    });
    for (const Result& one : results) CHECK(one == results.front());
    CHECK(largest_difference(results.front(), alone) <= 1e-4f);  // Adam divides by small numbers
  }
}

TEST_CASE("share: batches of a file") {
  const Dataset all = data(900, 20);
  const auto path = std::filesystem::temp_directory_path() / "tinynet_share.idx";
  {
    std::ofstream file(path, std::ios::binary);
    file << std::string("\0\0\x8\x3\0\0\x3\x84\0\0\0\x4\0\0\0\x6", 16);
    file.write(reinterpret_cast<const char*>(all.images.data()), 900 * 24);
  }
  const ImageFile file(path.string());
  const auto train_on = [&](const auto& share_of) {
    Net net(Seed{4});
    SGD optimizer(net, {.lr = 1e-3f});
    FileBatches some(file, std::span<const std::uint8_t>(all.labels), 600, {.seed = Seed{9}});
    return train(net, optimizer, 5, [&] {
      const auto [x, y] = share_of(some.next());
      return cross_entropy(net(x), y);
    });
  };
  const Result alone = train_on([](auto some) { return some; });
  for (const Result& one : dist_tests::in_each(
           4, [&](const auto& ranks) { return train_on([&](const auto& some) { return share(ranks, some); }); }))
    CHECK(one == alone);
  std::filesystem::remove(path);
}

TEST_CASE("broadcast: all have the first one's parameters") {
  const auto all = dist_tests::in_each(3, [](const auto& ranks) {
    Net net(Seed{static_cast<std::uint64_t>(ranks.rank() + 5)});
    broadcast(ranks, net);
    const auto flat = flat_parameters(net)->value;
    return std::vector<float>(flat.data(), flat.data() + flat.size());
  });
  Net first(Seed{5});
  const auto flat = flat_parameters(first)->value;
  for (const auto& one : all) CHECK(one == std::vector<float>(flat.data(), flat.data() + flat.size()));
}

TEST_CASE("share: some rows of a share are not a batch of all") {
  const Dataset all = data(300, 20);
  dist_tests::Mailboxes boxes;
  const dist_tests::ThreadRanks ranks(boxes, 0, 2);
  const Dataset mine = share(ranks, all);
  auto some = batches(mine, 10);
  CHECK_THROWS_AS(some.next(), Error);
}
