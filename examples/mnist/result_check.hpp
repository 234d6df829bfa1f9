// A GPU can compute something wrong without saying so: now and then its results are held against the CPU's.
#pragma once

#include <memory>

#include "model.hpp"

namespace mnist {

/// Holds what a net on a GPU makes of some rows of the training data against the same net on the CPU.
class ResultCheck {
 public:
  static constexpr int every = 200;  ///< steps

  ResultCheck(const Options& options, const tinynet::Dataset& train);

  /// Throws Error (device) if the losses differ by more than rounding can make them, naming both and the step.
  void compare(Model& on_gpu, long step);

 private:
  tinynet::Dataset rows_;
  std::unique_ptr<Model> model_;
};

}  // namespace mnist
