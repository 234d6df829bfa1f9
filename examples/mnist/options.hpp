// What the user asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tinynet/core/eigen.hpp>
#include <vector>

#include "data_source.hpp"
#include "words.hpp"

namespace mnist {

using tinynet::Index;

enum class Engine { automatic, fused, tape };

struct Options {
  std::vector<std::string> command;  // the program and its arguments
  DataChoice data;
  std::string device = "auto";
  int threads = 0;  // 0: all
  std::string dist = "none";
  double dist_timeout = 20;  // s

  std::vector<Index> hidden{30, 30};
  std::string activation = "relu";
  std::uint64_t seed = 0;
  std::string init_file, save_file;
  std::string checkpoint_file, resume_file;
  int checkpoint_every = 200;    // steps
  bool strict_save = false;      // a checkpoint that cannot be written ends the training
  bool allow_changes = false;    // go on with another learning rate or version than the checkpoint's
  bool convert = false;          // take an init_file of wider or narrower numbers
  bool allow_nonfinite = false;  // ... and one with NaN or infinity

  std::string optimizer = "sgd";
  double lr = 0.003;
  std::optional<double> momentum, weight_decay;  // unset: the optimizer's default
  int steps = 5000;
  Index batch = 0;       // rows a step; 0: all
  Index chunk_rows = 0;  // of these, computed at a time; 0: all
  double scale = 1;
  Engine engine = Engine::automatic;

  int log_every = 200;
  std::string metrics_file;
  std::string out_folder;
  bool show = false;
  bool fingerprint = false;
  bool quiet = false;
};

/// What --lang says, for who looks before the command line is read: complaints of it are in that language, too.
Language language_of(int argc, const char* const* argv);

/// Reads the command line. Returns nothing if all is said already (--help, --version); throws Error (usage), or what
/// Console throws if that cannot be said.
std::optional<Options> parse_options(int argc, const char* const* argv);

/// The options of a process of which there are more: the first one speaks and writes for all.
void say_and_write_nothing(Options& options);

}  // namespace mnist
