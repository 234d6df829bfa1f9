// Damaged checkpoints: each is refused, and the training that is there stays as it is.
#include <string>
#include <tinynet/io/checkpoint.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <vector>

#include "damage.hpp"

using namespace tinynet;

namespace {

auto make_net(Generator&& generator) {
  return Sequential{Linear<2, 3>{generator}, BatchNorm1d<3>{}, Linear<3, 2>{generator}};
}

struct Training {
  decltype(make_net(Generator{})) net = make_net(Generator{});
  Adam<float> optimizer{net, {.lr = 0.01}};

  void step() {
    const Matrix<float, 2, 2> x{{0.5f, -1}, {2, 0.25f}};
    const std::vector<int> y{0, 1};
    const auto loss = cross_entropy(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  std::vector<float> numbers() {
    std::vector<float> all;
    for (const auto& t : state_dict(net)) all.insert(all.end(), t.data, t.data + t.size());
    for (const auto& vector : optimizer.state()) all.insert(all.end(), vector.data(), vector.data() + vector.size());
    return all;
  }
};

}  // namespace

TEST_CASE("every prefix and every flipped bit of a checkpoint") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  Training saved, training;
  saved.step();
  saved.step();
  save_checkpoint(path, saved.net, saved.optimizer, {{"step", "2"}});
  const test::Bytes file = test::read_bytes(path);

  training.step();
  const std::vector<float> before = training.numbers();
  const auto load = [&](test::ByteView bytes) {
    test::write_bytes(path, {bytes.begin(), bytes.end()});
    load_checkpoint(path, training.net, training.optimizer);
  };
  CHECK(test::accepted_prefixes(file, path, load) == 0);
  CHECK(test::accepted_flips(file, path, load).empty());
  CHECK(training.numbers() == before);
  CHECK(training.optimizer.steps() == 1);

  load(file);
  CHECK(training.numbers() == saved.numbers());
  CHECK(training.optimizer.steps() == 2);
}
