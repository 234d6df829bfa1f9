// A bundle's trainings and what came of each.
#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bundles.hpp"

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
  double seconds = 0;    ///< of training; of trainings together each one's share

  /// The loss after so many steps and seconds, at some 500 of the steps.
  std::vector<int> steps;
  std::vector<double> step_seconds;
  std::vector<float> losses;
};

/// A training that goes on, and for other threads how far it is.
struct Training {
  explicit Training(Configuration c) : configuration(std::move(c)) {}

  Configuration configuration;
  std::atomic<int> step = 0;
  std::atomic<float> loss = 0;
};

/// Trains and tests a bundle, on the calling thread alone if the library has no more. Returns the result of each, or
/// none at all if `stop` became true meanwhile. Throws Error if it cannot be done; a divergence is no error.
std::vector<Result> train(std::deque<Training>& trainings, const mnist::Data& data, const std::atomic<bool>& stop);

}  // namespace sweep
