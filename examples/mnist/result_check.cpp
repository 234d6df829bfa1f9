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
  const auto wrong = [&](const std::string& what) {
    throw tinynet::Error(tinynet::ErrorCode::device,
                         "a wrong result at step " + std::to_string(step) + ": the " + what + " on the CPU");
  };
  const std::string of_rows = " of the first " + std::to_string(rows_.size()) + " rows is ";
  const double here = model_->evaluate(rows_).loss, there = on_gpu.evaluate(rows_).loss;
  if (!(std::abs(here - there) <= 1e-3 * std::max(1.0, std::abs(here))))
    wrong("loss" + of_rows + shortest(static_cast<float>(there)) + " on the GPU and " +
          shortest(static_cast<float>(here)));
  const std::vector<float> gradient = model_->gradient(rows_), gradient_there = on_gpu.gradient(rows_);
  double length = 0, distance = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const auto g = static_cast<double>(gradient[i]), difference = static_cast<double>(gradient_there[i]) - g;
    length += g * g;
    distance += difference * difference;
  }
  if (!(std::sqrt(distance) <= 1e-3 * std::sqrt(length) + 1e-6))
    wrong("gradient" + of_rows + significant(std::sqrt(distance), 3) + " away from that of length " +
          significant(std::sqrt(length), 3));
}

}  // namespace mnist
