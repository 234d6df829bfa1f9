// Damaged checkpoints: each is refused, and the training that is there stays as it is.
#include <string>
#include <tinynet/io/checkpoint.hpp>
#include <vector>

#include "../io/small_training.hpp"
#include "damage.hpp"

using namespace tinynet;

TEST_CASE("every prefix and every flipped bit of a checkpoint") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  test::SmallTraining saved, training;
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
