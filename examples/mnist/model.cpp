// What can be said of a net whatever its type: its name, its size, its memory, whether its weights are finite.
#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <tinynet/core/partition.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/cpu/fused_weights.hpp>

namespace mnist {

std::string shape_text(const Options& options) {
  std::string text = std::to_string(inputs);
  for (const Index width : options.hidden) text.append("-").append(std::to_string(width));
  return text.append("-").append(std::to_string(classes)).append(" ").append(options.activation);
}

NetSize net_size(const Options& options) {
  NetSize size;
  auto from = static_cast<double>(inputs);
  const auto add_layer = [&](Index width) {
    const auto to = static_cast<double>(width);
    size.parameters += (from + 1) * to;
    size.largest_layer = std::max(size.largest_layer, (from + 1) * to);
    size.outputs += to;
    size.widest = std::max(size.widest, to);
    from = to;
  };
  for (const Index width : options.hidden) add_layer(width);
  add_layer(classes);
  return size;
}

std::string nonfinite_weight(Model& model) {
  const auto found = tinynet::first_nonfinite(model.weights());
  return found ? found->tensor : std::string();
}

Index rows_at_a_time(const Options& options, Index train_rows) {
  const Index rows = options.batch == 0 ? train_rows : std::min(options.batch, train_rows);
  return options.chunk_rows == 0 ? rows : std::min(options.chunk_rows, rows);
}

double memory_needed(const Options& options, Index train_rows, Index test_rows) {
  const auto [parameters, largest_layer, outputs, widest] = net_size(options);
  const bool fused = options.engine != Engine::tape &&
                     static_cast<Index>(options.hidden.size()) + 1 <= tinynet::detail::most_fused_stages;
  const Index rows = rows_at_a_time(options, train_rows);
  const auto parts = static_cast<double>(tinynet::detail::Partition(rows).parts());
  double step = 0;
  if (fused) {
    // Two copies of the weights in the order of the loops, a partial gradient of each group of parts, and for each
    // thread one of each level of the tree that sums a group.
    const double groups = std::min(parts, 16.0);
    step = parameters * (2 + groups + std::log2(parts / groups) * tinynet::num_threads());
  } else {
    // What each layer and each activation gives, the gradients by two of them at a time, and for one layer at a time a
    // partial gradient of each part.
    step = static_cast<double>(rows) * (2 * outputs + 2 * widest) + parts * largest_layer;
  }
  const double evaluation =
      2 * widest * static_cast<double>(options.steps == 0 ? std::max(train_rows, test_rows) : test_rows);
  // The weights, their gradients, and what the optimizer remembers: up to two numbers each, and what rounding took.
  return sizeof(float) * (5 * parameters + std::max(options.steps == 0 ? 0 : step, evaluation));
}

}  // namespace mnist
