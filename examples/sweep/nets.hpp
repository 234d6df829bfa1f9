// The nets of a bundle.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <tinynet/data/dataset.hpp>
#include <tinynet/train.hpp>

#include "bundles.hpp"

namespace sweep {

class Nets {
 public:
  virtual ~Nets() = default;

  /// Makes a training step of all that have not been stopped. Calls before goes_on(k, loss) of each; one of which that
  /// says no stays as it is and is stopped.
  virtual void step(const std::function<bool(std::size_t, float)>& goes_on) = 0;
  /// Leaves net k out from now on.
  virtual void stop(std::size_t k) = 0;
  /// As mnist's Model.
  virtual bool finite(std::size_t k) const = 0;
  virtual tinynet::Evaluation evaluate(std::size_t k, const tinynet::Dataset& data) const = 0;
};

/// Those of a bundle: each gets the numbers that mnist gives it. The data must outlive them.
std::unique_ptr<Nets> make_nets(const Bundle& bundle, const tinynet::Dataset& train);

}  // namespace sweep
