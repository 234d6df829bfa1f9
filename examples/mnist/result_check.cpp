#include "result_check.hpp"

#include <algorithm>
#include <cmath>
#include <tinynet/core/error.hpp>

#include "numbers.hpp"

namespace mnist {
namespace {

/// The first rows of a data set.
tinynet::Dataset head(const tinynet::Dataset& data, Index rows) {
  const tinynet::Images& all = data.images;
  std::vector<std::uint8_t> pixels(all.data(), all.data() + rows * all.cols());
  return {tinynet::Images(std::move(pixels), rows, all.height(), all.width()),
          std::vector<std::uint8_t>(data.labels.begin(), data.labels.begin() + rows)};
}

}  // namespace

ResultCheck::ResultCheck(const Options& options, const tinynet::Dataset& train)
    : rows_(head(train, std::min<Index>(1024, train.size()))), model_(make_model(options, rows_)) {}

void ResultCheck::compare(Model& on_gpu, long step) {
  const auto from = on_gpu.weights(), to = model_->weights();
  for (std::size_t i = 0; i < to.size(); ++i) std::copy_n(from[i].data, from[i].size(), to[i].data);
  const double here = model_->evaluate(rows_).loss, there = on_gpu.evaluate(rows_).loss;
  if (std::abs(here - there) <= 1e-3 * std::max(1.0, std::abs(here))) return;
  throw tinynet::Error(tinynet::ErrorCode::device,
                       "a wrong result at step " + std::to_string(step) + ": the loss of the first " +
                           std::to_string(rows_.size()) + " rows is " + shortest(static_cast<float>(there)) +
                           " on the GPU and " + shortest(static_cast<float>(here)) + " on the CPU");
}

}  // namespace mnist
