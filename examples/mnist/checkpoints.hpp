// Trainings that are stopped and gone on with: --checkpoint, --checkpoint-every and --resume.
#pragma once

#include <optional>
#include <string>

#include "console.hpp"
#include "model.hpp"

namespace mnist {

/// Where the checkpoint before the newest one is kept: disks lose what they have.
std::string previous_checkpoint(const std::string& file);

class Checkpoints {
 public:
  /// Throws Error (io) if the file of --checkpoint cannot be written.
  Checkpoints(const Options& options, const tinynet::Dataset& train, Console& console);

  /// Puts the model where the training of --resume was, and returns how many steps it had made; 0 without --resume. If
  /// the file is damaged, the one before it (FILE.previous) takes its place, and that is said. Throws Error: io, data
  /// for a file that is no such checkpoint, or that is from another training: with other data, or other options that
  /// change the numbers (but the learning rate and the version of tinynet, with --override).
  int resume(Model& model);

  /// The loss of the last step before the checkpoint of --resume, if it is known.
  std::optional<float> resumed_loss() const { return resumed_loss_; }

  /// After a step, when so many have been made: writes a checkpoint if it is time, and says so if that fails (with
  /// --strict-save it throws Error (io)). Throws Error (numeric) if a weight is not finite. The checkpoint that was
  /// there then stays.
  /// `loss`: that of the step, if it is known.
  void after(Model& model, int steps, std::optional<float> loss);
  /// Writes the last one, if that has not been done. Throws the same, and io in any case.
  void finish(Model& model, int steps, std::optional<float> loss);

  /// "the checkpoint after 600 steps is FILE", or empty if there is none.
  std::string text() const;

 private:
  const Options& options_;
  Console& console_;
  std::string data_;
  std::optional<float> resumed_loss_;
  int written_ = -1;      // after so many steps
  bool is_good_ = false;  // what the file holds now
};

}  // namespace mnist
