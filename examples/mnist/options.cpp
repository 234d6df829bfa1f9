#include "options.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <tinynet/core/error.hpp>

#include "command_line.hpp"
#include "numbers.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

[[noreturn]] void refuse(const std::string& option, const std::string& expected, const std::string& found) {
  throw Error(ErrorCode::usage,
              option + ": expected " + expected + ", found '" + tinynet::detail::printable(found) + "'");
}

template <class Number>
Number number_between(const std::string& option, const std::string& text, Number least, Number most) {
  const auto number = parse_number<Number>(text);
  if (!number || *number < least || *number > most)
    refuse(option, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), text);
  return *number;
}

double positive_number(const std::string& option, const std::string& text) {
  const auto number = parse_number<double>(text);
  if (!number || *number <= 0) refuse(option, "a number above 0", text);
  return *number;
}

double nonnegative_number(const std::string& option, const std::string& text) {
  const auto number = parse_number<double>(text);
  if (!number || *number < 0) refuse(option, "a number, 0 or more", text);
  return *number + 0.0;  // -0 is 0
}

/// As torch.manual_seed: negative numbers count from the top of 64 bits.
std::uint64_t seed_number(const std::string& option, const std::string& text) {
  if (const auto seed = parse_number<std::uint64_t>(text)) return *seed;
  if (const auto seed = parse_number<std::int64_t>(text)) return static_cast<std::uint64_t>(*seed);
  refuse(option, "a whole number from -2^63 to 2^64 - 1", text);
}

/// "30,30" to numbers; an empty text is no hidden layer.
std::vector<Index> widths(const std::string& option, const std::string& text) {
  constexpr Index widest = 1'000'000;
  constexpr std::size_t most = 100;
  std::vector<Index> list;
  if (text.empty()) return list;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto width = parse_number<Index>(std::string_view(text).substr(begin, end - begin));
    if (!width || *width < 1 || *width > widest || list.size() == most)
      refuse(option,
             "at most " + std::to_string(most) + " widths from 1 to " + std::to_string(widest) +
                 " with commas between them",
             text);
    list.push_back(*width);
    begin = end + 1;
  }
  return list;
}

std::string device_name(const std::string& option, const std::string& text) {
  const bool numbered = text.starts_with("cuda:") && parse_number<unsigned>(std::string_view(text).substr(5));
  if (text != "auto" && text != "cpu" && text != "cuda" && !numbered) refuse(option, "auto, cpu, cuda or cuda:N", text);
  return text;
}

std::string one_of(const std::string& option, const std::string& text, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), text) != names.end()) return text;
  std::string list = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) list += (i + 1 == names.size() ? " or " : ", ") + names[i];
  refuse(option, list, text);
}

std::string file_name(const std::string& option, const std::string& text) {
  // A name like that is more likely an option after one whose value is missing; ./--name is always possible.
  if (text.empty() || text.starts_with("--")) refuse(option, "a name", text);
  return text;
}

std::string metrics_name(const std::string& option, const std::string& text) {
  if (!text.ends_with(".csv") && !text.ends_with(".jsonl")) refuse(option, "a name that ends in .csv or .jsonl", text);
  return file_name(option, text);
}

/// A momentum that would have no effect is a mistake, and so is Nesterov's method without one.
void check_momentum(const Options& o) {
  const bool takes_it =
      o.optimizer == "sgd" || o.optimizer == "momentum" || o.optimizer == "nesterov" || o.optimizer == "rmsprop";
  if (o.momentum && !takes_it) throw Error(ErrorCode::usage, "--momentum: " + o.optimizer + " has none");
  if (o.momentum == 0.0 && o.optimizer == "nesterov") refuse("--momentum", "a number above 0 for nesterov", "0");
}

void check_partners(const CommandLine& line, const Options& o) {
  const bool with_checkpoint = !o.checkpoint_file.empty(), with_init = !o.init_file.empty();
  // The processes of a job compare their weights as often.
  line.only_with("--checkpoint-every", "--checkpoint", with_checkpoint || o.dist != "none");
  line.only_with("--dist-timeout", "--dist", o.dist != "none");
  line.only_with("--strict-save", "--checkpoint", with_checkpoint);
  line.only_with("--override", "--resume", !o.resume_file.empty());
  line.only_with("--convert", "--init", with_init);
  line.only_with("--allow-nonfinite", "--init", with_init);
}

/// What has not been made for several processes.
void check_dist(Options& o) {
  if (o.dist == "none") return;
  const std::string device = o.dist == "mpi" ? "cpu" : "cuda";
  if (o.device != device && o.device != "auto")
    throw Error(ErrorCode::usage, "--dist " + o.dist + " trains on " +
                                      (o.dist == "mpi" ? "CPUs" : "a GPU in each process") + "; --device " + o.device +
                                      " cannot be with it");
  o.device = device;
  if (o.dist == "nccl" && o.engine == Engine::tape)
    throw Error(ErrorCode::usage, "--dist nccl needs the fused engine; --engine tape cannot be with it");
  if (o.chunk_rows != 0)
    throw Error(ErrorCode::usage,
                "--chunk-rows and --dist " + o.dist + ": give one of them; more processes take less memory, too");
}

constexpr const char* footer =
    R"(The data come from the first of: --data, $TINYNET_DATA, the cache ($XDG_CACHE_HOME/tinynet/mnist or
~/.cache/tinynet/mnist), a download into it; without MNIST, Debian's dataset-fashion-mnist or digits drawn here.
TINYNET_OFFLINE=1 is --offline; TINYNET_MNIST_MIRRORS lists other addresses to download from; with TINYNET_KEEP_BAD=1 a
download that is not what it should be is kept in the cache as NAME.bad.
Exit codes: 0 done, 2 usage, 3 bad data in a file, 4 input/output, 5 download, 6 numeric, 7 device,
8 another process, 130/143 stopped by SIGINT/SIGTERM after saving.)";

}  // namespace

Language language_of(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--lang=zh" || (argument == "--lang" && i + 1 < argc && std::string_view(argv[i + 1]) == "zh"))
      return Language::chinese;
  }
  return Language::english;
}

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options o;
  o.command.assign(argv, argv + argc);
  CommandLine line("mnist", "Trains a fully connected net on MNIST's handwritten digits.", footer);
  const auto option = [&line](const char* name, const char* value, const std::string& help, auto use) {
    line.option(name, value, help, use);
  };
  const auto flag = [&line](const char* name, bool& to, const std::string& help) { line.flag(name, to, help); };
  const auto number = [&](const char* name, const char* value, const std::string& help, auto& to, auto least,
                          auto most) {
    option(name, value, help,
           [&to, least, most](const auto& n, const auto& text) { to = number_between(n, text, least, most); });
  };
  const auto choice = [&](const char* name, const char* value, const std::string& help, auto& to,
                          std::vector<std::string> names) {
    option(name, value, help + " (" + to + ")",
           [&to, names](const auto& n, const auto& text) { to = one_of(n, text, names); });
  };

  option("--data", "DIR", "Folder with MNIST's four files, raw or .gz, or above it; nothing else is tried",
         [&o](const auto& n, const auto& text) { o.data.folder = file_name(n, text); });
  option("--dataset", "NAME", "mnist, fashion, synthetic: this one or an error (MNIST, or the best at hand)",
         [&o](const auto& n, const auto& text) {
           o.data.dataset = one_of(n, text, {"mnist", "fashion", "synthetic"});
         });
  flag("--offline", o.data.offline, "Download nothing");
  option("--device", "D", "auto, cpu, cuda, cuda:N (auto)",
         [&o](const auto& n, const auto& text) { o.device = device_name(n, text); });
  number("--threads", "N", "CPU threads, 0 = all (0)", o.threads, 0, 4096);
  choice("--dist", "D", "none; mpi: each process of an MPI job takes a part of the rows; nccl: each on a GPU", o.dist,
         {"none", "mpi", "nccl"});
  option("--dist-timeout", "S", "Seconds without an answer after which another process counts as stopped (20)",
         [&o](const auto& n, const auto& text) { o.dist_timeout = positive_number(n, text); });

  option("--hidden", "L", "Widths of the hidden layers, any list, \"\" for none (30,30)",
         [&o](const auto& n, const auto& text) { o.hidden = widths(n, text); });
  choice("--activation", "A", "relu, leaky_relu, elu, sigmoid, tanh, silu, gelu", o.activation,
         {"relu", "leaky_relu", "elu", "sigmoid", "tanh", "silu", "gelu"});
  option("--seed", "N", "Of the weights and of the batches, as torch.manual_seed(N) (0)",
         [&o](const auto& n, const auto& text) { o.seed = seed_number(n, text); });
  option("--init", "FILE", "Start with the weights of this safetensors file",
         [&o](const auto& n, const auto& text) { o.init_file = file_name(n, text); });
  flag("--convert", o.convert, "Let --init round F64 to float, and take F16 and BF16");
  flag("--allow-nonfinite", o.allow_nonfinite, "Let --init take NaN and infinity");
  option("--save", "FILE", "Write the weights to this safetensors file",
         [&o](const auto& n, const auto& text) { o.save_file = file_name(n, text); });

  option("--checkpoint", "FILE", "Write all that is needed to go on with the training to this file",
         [&o](const auto& n, const auto& text) { o.checkpoint_file = file_name(n, text); });
  number("--checkpoint-every", "N", "... every N steps and at the end (200)", o.checkpoint_every, 1,
         std::numeric_limits<int>::max());
  option("--resume", "FILE", "Go on with the training of this checkpoint, as if it had never stopped",
         [&o](const auto& n, const auto& text) { o.resume_file = file_name(n, text); });

  flag("--override", o.allow_changes, "Let --resume go on with another --lr, or with another version of tinynet");
  flag("--strict-save", o.strict_save, "Stop at a checkpoint that cannot be written, instead of going on without");

  choice("--optimizer", "O", "sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad, adadelta", o.optimizer,
         {"sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta"});
  option("--lr", "F", "Learning rate (0.003)",
         [&o](const auto& n, const auto& text) { o.lr = positive_number(n, text); });
  option("--momentum", "F", "For sgd, momentum, nesterov and rmsprop (momentum and nesterov: 0.9, others 0)",
         [&o](const auto& n, const auto& text) { o.momentum = nonnegative_number(n, text); });
  option("--weight-decay", "F", "(adamw: 0.01, others 0)",
         [&o](const auto& n, const auto& text) { o.weight_decay = nonnegative_number(n, text); });
  number("--steps", "N", "0 = only evaluate (5000)", o.steps, 0, std::numeric_limits<int>::max());
  number("--batch", "N", "Rows a step, 0 = all (0)", o.batch, Index{0}, Index{1'000'000'000});
  number("--chunk-rows", "N", "Rows of a step computed at a time, to take less memory; 0 = all (0)", o.chunk_rows,
         Index{0}, Index{1'000'000'000});
  option("--scale", "F", "Multiplies the pixels 0..255 (1)",
         [&o](const auto& n, const auto& text) { o.scale = positive_number(n, text); });
  option("--engine", "E", "auto, fused, tape (auto)", [&o](const auto& n, const auto& text) {
    const std::string name = one_of(n, text, {"auto", "fused", "tape"});
    o.engine = name == "auto" ? Engine::automatic : name == "fused" ? Engine::fused : Engine::tape;
  });

  number("--log-every", "N", "Print the loss every N steps (200)", o.log_every, 1, std::numeric_limits<int>::max());
  option("--metrics", "FILE", "Write every step's loss as .csv or .jsonl",
         [&o](const auto& n, const auto& text) { o.metrics_file = metrics_name(n, text); });
  option("--out", "DIR", "Write report.html, pictures, metrics.csv, model.safetensors, run.json into this folder",
         [&o](const auto& n, const auto& text) { o.out_folder = file_name(n, text); });
  flag("--show", o.show, "Draw the first image and the misclassified ones in characters");
  flag("--fingerprint", o.fingerprint, "Print the SHA-256 of the final weights (by sha256sum or shasum)");
  flag("--quiet", o.quiet, "Print only what another option asked for, and errors");
  option("--lang", "L", "en, zh (en)", [](const auto& n, const auto& text) { one_of(n, text, {"en", "zh"}); });

  if (!line.parse(argc, argv)) return std::nullopt;
  check_momentum(o);
  check_partners(line, o);
  if (!o.resume_file.empty() && !o.init_file.empty())
    throw Error(ErrorCode::usage, "--resume and --init both say what to start with; give one of them");
  check_dist(o);
  return o;
}

void say_and_write_nothing(Options& options) {
  options.save_file.clear();
  options.checkpoint_file.clear();
  options.metrics_file.clear();
  options.out_folder.clear();
  options.show = options.fingerprint = false;
  options.quiet = true;
}

}  // namespace mnist
