#include "options.hpp"

#include <tinynet/core/error.hpp>

#include "../mnist/command_line.hpp"
#include "lists.hpp"

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

constexpr const char* footer =
    R"(Of the options with lists all combinations are trained, each with the numbers of mnist alone with the same options:
  sweep --hidden "30,30;64;128,64" --lr 0.003,0.01 --optimizer sgd,adam
A file of --file has the same lists, {"hidden": [[30, 30], [64]], "lr": [0.003, 0.01]}, or a list of configurations,
{"runs": [{"hidden": [64], "lr": 0.01}, {"optimizer": "adam"}]}; a list on the command line takes their place.
DIR gets results.jsonl, a line for each training that has come to its end, and sweep.html, a page that compares them.
With the same DIR again only what is missing is trained.
Exit codes: 0 done, 2 usage, 3 bad data in a file, 4 input/output, 5 download, 8 another process,
130/143 stopped by SIGINT/SIGTERM.)";

struct SettingHelp {
  const char *name, *values, *help;
};
constexpr SettingHelp setting_helps[] = {
    {"hidden", "L;L", "Widths of the hidden layers, \"\" for none (30,30)"},
    {"activation", "A,A", "relu, leaky_relu, elu, sigmoid, tanh, silu, gelu (relu)"},
    {"optimizer", "O,O", "sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad, adadelta (sgd)"},
    {"lr", "F,F", "Learning rates (0.003)"},
    {"momentum", "F,F", "For sgd, momentum, nesterov and rmsprop (momentum and nesterov: 0.9, others 0)"},
    {"weight-decay", "F,F", "(adamw: 0.01, others 0)"},
    {"scale", "F,F", "What the pixels 0..255 are multiplied by (1)"},
    {"batch", "N,N", "Rows a step, 0 = all (0)"},
    {"steps", "N,N", "Steps (5000)"},
    {"seed", "N,N", "Of the weights and of the batches (0)"},
    {"engine", "E,E", "auto, fused, tape (auto)"},
};

std::string file_name(const std::string& option, const std::string& text) {
  // A name like that is more likely an option after one whose value is missing; ./--name is always possible.
  if (text.empty() || text.starts_with("--"))
    throw Error(ErrorCode::usage, option + ": expected a name, found '" + tinynet::detail::printable(text) + "'");
  return text;
}

/// mnist's options with this one: it checks those that both programs have.
mnist::Options mnist_option(const std::string& name, const std::string& text, Values beside = {}) {
  beside[name.substr(2)] = text;
  return configuration(beside);
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv) {
  Options o;
  std::string file;
  Lists lists;
  mnist::CommandLine line("sweep", "Trains mnist's net in many configurations and compares them.", footer);

  for (const auto& [name, values, help] : setting_helps)
    line.option("--" + std::string(name), values, help,
                [&lists, setting = std::string(name)](const auto&, const auto& text) {
                  lists[setting] = split(setting, text);
                });
  line.option("--file", "FILE", "Read the lists, or single configurations, from this JSON file",
              [&file](const auto& name, const auto& text) { file = file_name(name, text); });
  line.option("--data", "DIR", "Folder with MNIST's four files, raw or .gz; nothing else is tried",
              [&o](const auto& name, const auto& text) { o.data.folder = mnist_option(name, text).data.folder; });
  line.option("--dataset", "NAME", "mnist, fashion, synthetic: this one or an error (MNIST, or the best at hand)",
              [&o](const auto& name, const auto& text) { o.data.dataset = mnist_option(name, text).data.dataset; });
  line.flag("--offline", o.data.offline, "Download nothing");
  line.option("--threads", "N", "How many CPUs train, alone or some together; 0 = as many as there are CPUs (0)",
              [&o](const auto& name, const auto& text) { o.threads = mnist_option(name, text).threads; });
  line.option("--dist", "D", "none, mpi: trains on all processes of an MPI job, with --threads in each (none)",
              [&o](const auto& name, const auto& text) {
                o.dist = mnist_option(name, text).dist;
                if (o.dist == "nccl")  // the configurations are trained on CPUs
                  throw Error(ErrorCode::usage, name + ": expected none or mpi, found 'nccl'");
              });
  line.option("--dist-timeout", "S", "Seconds without an answer after which another process counts as lost (20)",
              [&o](const auto& name, const auto& text) {
                o.dist_timeout = mnist_option(name, text, {{"dist", "mpi"}}).dist_timeout;
              });
  line.option("--out", "DIR", "Folder of the results (sweep)",
              [&o](const auto& name, const auto& text) { o.folder = file_name(name, text); });
  line.flag("--quiet", o.quiet, "Print nothing but errors");
  if (!line.parse(argc, argv)) return std::nullopt;
  line.only_with("--dist-timeout", "--dist", o.dist != "none");

  o.configurations = combinations(file.empty() ? std::vector<Part>{{}} : read_lists(file), lists);
  return o;
}

}  // namespace sweep
