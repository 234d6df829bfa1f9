// One configuration's training and what came of it.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "configuration.hpp"

namespace sweep {

/// The training that had no finite loss any more.
struct Divergence {
  int step = 0;     ///< so many steps had been made
  std::string why;  ///< "the loss is NaN"
};

struct Result {
  Configuration configuration;
  std::optional<Divergence> divergence;
  float train_loss = 0;  ///< before the last step; this and the next two only without a divergence
  float test_loss = 0;   ///< after it
  double accuracy = 0;   ///< on the test data, 0 to 1
  double seconds = 0;    ///< of training

  /// The loss after so many steps and seconds, at some 500 of the steps.
  std::vector<int> steps;
  std::vector<double> step_seconds;
  std::vector<float> losses;
};

/// How far a training is, for other threads.
struct Progress {
  std::atomic<int> step = 0;
  std::atomic<float> loss = 0;
};

/// Trains and tests, on the calling thread alone if the library has no more. Returns nothing if `stop` became true
/// meanwhile. Throws Error if it cannot be done; a divergence is no error.
std::optional<Result> train(const Configuration& configuration, const mnist::Data& data, const std::atomic<bool>& stop,
                            Progress& progress);

}  // namespace sweep
