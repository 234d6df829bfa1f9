// The loop: step after step until the last one or a request to stop.
#pragma once

#include <array>
#include <exception>
#include <limits>

#include "checkpoints.hpp"
#include "console.hpp"
#include "group.hpp"
#include "metrics.hpp"
#include "model.hpp"
#include "result_check.hpp"

namespace mnist {

/// What a training gave.
struct Training {
  float loss = std::numeric_limits<float>::quiet_NaN();  // before the last step
  double seconds = 0;
  int steps = 0;  // made in all
  bool output_closed = false;
  std::exception_ptr failure;  // what kept us from writing the losses or the last checkpoint
};

/// The files of every step's loss: that of --metrics and the one in the folder of --out.
using AllMetrics = std::array<Metrics, 2>;

/// Trains from `first_step` to the last one, writes checkpoints and losses, shows how far it is. `result_check` may be
/// null. Throws Error: numeric if the loss is not finite, device, io for a checkpoint. An Error in writing the losses
/// or the last checkpoint ends the training, but is kept: the weights can still be saved. All of the group stop at the
/// same step, whichever of them is asked to. Throws Error (distributed) if their weights are not the same any more.
Training train(Model& model, int first_step, Checkpoints& checkpoints, ResultCheck* result_check,
               const Options& options, const tinynet::Dataset& data, const Group& group, AllMetrics& all_metrics,
               Console& console);

}  // namespace mnist
