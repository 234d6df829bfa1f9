// Any bytes as a file of the program sweep's option --file.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../../examples/sweep/lists.hpp"
#include "memory_file.hpp"
#include "small_net.hpp"

namespace {

using fuzz::Bytes;
using fuzz::check;
using fuzz::Random;

const auto keys = fuzz::list("hidden|activation|optimizer|lr|scale|batch|steps|seed|runs");
const auto values = fuzz::list(
    R"([30,30]|[]|[64]|"relu"|"gelu"|"sgd"|"adam"|0.1|1e-3|1|2|0|-1|1e400|2147483648|null|true|""|[[1]]|{}|{"lr":1}|[1.5]|)"
    R"("\u0000"|"1"|[1,2,3]|-0|"--help")");
const auto tokens = fuzz::list("{|}|[|]|,|:|\"| |\n|\xFF|/**/|\\");

std::string an_entry(Random& random) {
  std::string list = fuzz::one_of(values, random);
  if (!fuzz::one_in(random, 4)) list = "[" + list + "," + fuzz::one_of(values, random) + "]";
  return "\"" + fuzz::one_of(keys, random) + "\":" + list;
}

Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }

Bytes make(Random& random) {
  static const std::vector<std::string> good{
      R"({"hidden":[[30,30],[64]],"lr":[0.003,0.01],"optimizer":["sgd","adam"],"activation":["relu"],"seed":[0,1]})",
      R"({"runs":[{"lr":0.1,"batch":64},{"hidden":[64],"scale":0.5},{"hidden":[],"steps":7}]})", "{}"};
  if (fuzz::one_in(random, 2)) return bytes(fuzz::one_of(good, random));
  return bytes("{" + an_entry(random) + "," + an_entry(random) + "}");
}

void change(Bytes& file, Random& random) {
  if (fuzz::one_in(random, 4)) return fuzz::mutate(file);
  std::string text(file.begin(), file.end());
  const auto border = [&] {
    return std::min(text.find_first_of("{}[],:", fuzz::below(random, text.size() + 1)), text.size());
  };
  const std::size_t a = border(), b = border(), begin = std::min(a, b), size = std::max(a, b) - begin;
  if (fuzz::one_in(random, 4))
    text.insert(begin, an_entry(random) + ",");
  else if (fuzz::one_in(random, 3))
    text.replace(begin, size, fuzz::one_of(values, random));
  else if (fuzz::one_in(random, 2))
    text.insert(begin, fuzz::one_of(tokens, random));
  else
    text.erase(begin, size);
  file = bytes(text);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  fuzz::says_expected_and_found = false;  // its messages have a form of their own
  check(std::freopen("/dev/null", "w", stdout) != nullptr, "nothing is printed");
  return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::MemoryFile memory;
  const std::string& path = memory.holding({data, size});
  std::vector<sweep::Part> parts;
  if (!fuzz::accepts(20 * size, [&] { parts = sweep::read_lists(path); })) return 0;

  std::size_t number = 0;
  for (const sweep::Part& part : parts) {
    std::size_t product = 1;
    for (const auto& [name, list] : part.lists) product *= list.size();
    number += product;
  }
  if (number > 20) return 0;  // each is read as a command line
  std::vector<sweep::Configuration> all;
  if (!fuzz::accepts(10'000 * number + size, [&] { all = sweep::combinations(parts, {}); })) return 0;
  check(all.size() == number, "all combinations");
  for (const sweep::Configuration& c : all) {
    check(c.lr > 0 && c.scale > 0 && c.steps > 0 && c.batch >= 0, "the numbers are in their ranges");
    const auto again = sweep::configuration(sweep::values_from_json(sweep::to_json(c), {.file = path}));
    check(sweep::key(again) == sweep::key(c), "a configuration comes back from a file");
    fuzz::run_net_of(c.hidden);
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return fuzz::mutated(data, size, max_size, seed, make, change);
}
