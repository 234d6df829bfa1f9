// Any lines as the arguments of the program mnist.
#include "../../examples/mnist/options.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "small_net.hpp"

namespace {

using fuzz::Bytes;
using fuzz::check;
using fuzz::Random;
using tinynet::Index;
using Lines = std::vector<std::string>;

Lines lines_of(std::string_view text) {
  Lines lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    lines.back() = lines.back().c_str();  // an argument ends at its first NUL
    begin = end + 1;
  }
  return lines;
}

// The help says what each option may be.
void check_options(const mnist::Options& o) {
  const auto positive = [](double x) { return x > 0 && std::isfinite(x); };
  check(positive(o.lr) && positive(o.scale), "lr and scale are positive");
  for (const auto& number : {o.momentum, o.weight_decay})
    check(!number || *number == 0 || positive(*number), "momentum and weight decay are not negative");
  check(o.threads >= 0 && o.threads <= 4096, "threads are in the range");
  check(o.steps >= 0 && o.batch >= 0, "steps and batch are not negative");
  check(o.log_every > 0 && o.checkpoint_every > 0, "every N steps: N is positive");
  check(o.hidden.size() <= 100, "at most 100 layers");
  for (const Index width : o.hidden) check(width > 0 && width <= 1'000'000, "widths are in the range");
  check(o.resume_file.empty() || o.init_file.empty(), "a training has one start");
  check(!o.device.empty() && !o.activation.empty() && !o.optimizer.empty(), "names are there");
}

const Lines names = fuzz::list(
    "--data|--dataset|--offline|--device|--threads|--hidden|--activation|--seed|--init|--convert|--allow-nonfinite|--"
    "save|"
    "--checkpoint|--checkpoint-every|--resume|--optimizer|--lr|--momentum|--weight-decay|--steps|--batch|--scale|--"
    "engine|"
    "--log-every|--metrics|--out|--show|--fingerprint|--quiet|--lang|--help|--version|--");
const Lines values = fuzz::list(
    "mnist|fashion|synthetic|auto|cpu|cuda|cuda:1|cuda:-1|relu|sigmoid|gelu|sgd|adam|rmsprop|momentum|nesterov|fused|"
    "tape|"
    "en|zh|a.csv|b.jsonl|file|0|1|-1|5.5|1e3|1e400|nan|inf|0,003|3e-3x|0x10|4096|2147483647|2147483648|"
    "9223372036854775808|18446744073709551615|30,30|30,,30|,|1000000|1000001|+1|1e-320||-|--|=|\xFF|\x1B[2J");

Bytes joined(const Lines& lines) {
  Bytes text;
  for (const std::string& line : lines) {
    text.insert(text.end(), line.begin(), line.end());
    text.push_back('\n');
  }
  return text;
}

// An option, often with a value.
void add_option(Lines& lines, Random& random) {
  std::string name = fuzz::one_of(names, random);
  const std::string value = fuzz::one_of(values, random);
  const auto at = lines.begin() + static_cast<std::ptrdiff_t>(fuzz::below(random, lines.size() + 1));
  if (fuzz::one_in(random, 4))
    lines.insert(at, name);
  else if (fuzz::one_in(random, 3))
    lines.insert(at, name + "=" + value);
  else
    lines.insert(at, {name, value});
}

Bytes make(Random& random) {
  Lines lines;
  for (std::size_t i = fuzz::below(random, 4); i > 0; --i) add_option(lines, random);
  return joined(lines);
}

void change(Bytes& text, Random& random) {
  Lines lines = lines_of({reinterpret_cast<const char*>(text.data()), text.size()});
  if (lines.empty() || fuzz::one_in(random, 8)) return fuzz::mutate(text);
  std::string& line = lines[fuzz::below(random, lines.size())];
  if (fuzz::one_in(random, 4))
    add_option(lines, random);
  else if (fuzz::one_in(random, 3))
    line = fuzz::one_of(values, random);
  else if (fuzz::one_in(random, 3))
    std::swap(line, lines.back()), lines.pop_back();
  else
    fuzz::mutate(line);
  text = joined(lines);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  check(std::freopen("/dev/null", "w", stdout) != nullptr, "--help and --version are not printed");
  return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Lines lines = lines_of({reinterpret_cast<const char*>(data), size});
  std::vector<const char*> arguments{"mnist"};
  for (const std::string& line : lines) arguments.push_back(line.c_str());
  std::optional<mnist::Options> options;
  const auto parse = [&] { options = mnist::parse_options(static_cast<int>(arguments.size()), arguments.data()); };
  if (!fuzz::accepts(8 * size, parse, {tinynet::ErrorCode::usage}) || !options) return 0;
  check_options(*options);
  fuzz::run_net_of(options->hidden);
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return fuzz::mutated(data, size, max_size, seed, make, change);
}
