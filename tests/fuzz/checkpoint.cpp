// Any bytes as a checkpoint.
#include <cstring>
#include <string>
#include <tinynet/io/checkpoint.hpp>
#include <vector>

#include "../io/small_training.hpp"
#include "../io/temporary_folder.hpp"
#include "memory_file.hpp"
#include "safetensors_file.hpp"
#include "small_net.hpp"

namespace {

using fuzz::Bytes;
using fuzz::ByteView;
using fuzz::check;
using fuzz::Random;
using namespace tinynet;

using Training = test::SmallTraining;

// What save_checkpoint writes after 0, 1 and 2 steps.
std::vector<Bytes> checkpoints() {
  const test::TemporaryFolder folder;
  std::vector<Bytes> all;
  Training training;
  for (int steps = 0; steps < 3; ++steps, training.step()) {
    save_checkpoint(folder / "checkpoint", training.net, training.optimizer, {{"step", std::to_string(steps)}});
    all.push_back(test::read_bytes(folder / "checkpoint"));
  }
  return all;
}

// Another number of steps or learning rate.
void change_number(Bytes& bytes, Random& random) {
  static const auto numbers = fuzz::list(
      "0|1|-1|9223372036854775807|9223372036854775806|9223372036854775808|4611686018427387903|1e308|1e99|inf|"
      "infinity|nan||1e-320|5e-324|-0|0x10|1 |1.5");
  auto file = fuzz::split(bytes);
  if (!file) return;
  static constexpr const char* keys[] = {detail::checkpoint_steps, detail::checkpoint_lr, detail::checkpoint_format};
  const std::string key = std::string(keys[fuzz::below(random, 3)]) + "\":\"";
  const std::size_t at = file->header.find(key);
  if (at == std::string::npos) return;
  const std::size_t begin = at + key.size(), end = std::min(file->header.find('"', begin), file->header.size());
  file->header.replace(begin, end - begin, fuzz::one_of(numbers, random));
  bytes = fuzz::join(*file);
  fuzz::repair_checksum(bytes);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile memory;
  const std::string& path = memory.holding({data, size});
  Training training;
  const std::vector<float> before = training.numbers();
  const bool accepted = fuzz::accepts(size, [&] { load_checkpoint(path, training.net, training.optimizer); },
                                      {ErrorCode::data, ErrorCode::numeric});
  const std::vector<float> after = training.numbers();
  if (!accepted) {
    check(std::memcmp(before.data(), after.data(), before.size() * sizeof(float)) == 0, "all or nothing: the numbers");
    check(training.optimizer.steps() == 0 && training.optimizer.lr() == 0.01, "all or nothing: steps, learning rate");
    return 0;
  }
  for (const float number : after) check(detail::is_finite(number), "every number is finite");
  check(training.optimizer.steps() >= 0, "the steps can be counted");
  check(detail::is_finite(training.optimizer.lr()) && training.optimizer.lr() >= 0, "the learning rate is finite");
  training.step();
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  static const std::vector<Bytes> seeds = checkpoints();
  const auto make = [](Random& random) { return seeds[fuzz::below(random, seeds.size())]; };
  const auto change = [](Bytes& bytes, Random& random) {
    if (fuzz::one_in(random, 8))
      change_number(bytes, random);
    else
      fuzz::change_safetensors(bytes, random);
  };
  return fuzz::mutated(data, size, max_size, seed, make, change);
}
