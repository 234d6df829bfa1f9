// Trainings that are stopped and gone on with: --checkpoint, --checkpoint-every and --resume.
#pragma once

#include <string>

#include "model.hpp"

namespace mnist {

class Checkpoints {
 public:
  /// Throws Error (io) if the file of --checkpoint cannot be written.
  Checkpoints(const Options& options, const tinynet::Dataset& train);

  /// Puts the model where the training of --resume was, and returns how many steps it had made; 0 without --resume.
  /// Throws Error: io, data for a file that is no such checkpoint or from a training on other data, usage if an option
  /// that changes the numbers is another one, or if no step is left.
  int resume(Model& model) const;

  /// After a step, when so many have been made: writes a checkpoint if it is time. Throws Error: io, numeric if a
  /// weight is not finite; the checkpoint that was there then stays.
  void after(Model& model, int steps);
  /// Writes the last one, if that has not been done.
  void finish(Model& model, int steps);

  /// "the checkpoint of step 600 is FILE", or empty if there is none.
  std::string text() const;

 private:
  const Options& options_;
  std::string data_;
  int written_ = -1;  // after so many steps
};

}  // namespace mnist
