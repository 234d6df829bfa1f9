#include "diagnosis.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <tinynet/mlp.hpp>
#include <variant>

#include "numbers.hpp"

namespace mnist {
namespace {

using Numbers = tinynet::Matrix<float>;

/// Calls visit(layer, first row, z) with what each layer gives before its activation, a block of rows after the other,
/// until it returns false.
void walk(Model& model, const Options& options, const tinynet::Dataset& data,
          const std::function<bool(std::size_t, Index, const Numbers&)>& visit) {
  constexpr Index block = 1000;
  const auto tensors = model.weights();  // weight [out, in] and bias [out] of each layer
  const auto activation = tinynet::activation_by_name(options.activation);
  const auto pixels = data.images.matrix();
  for (Index first = 0; first < data.size(); first += block) {
    Numbers h = pixels.middleRows(first, std::min(block, data.size() - first)).cast<float>() *
                static_cast<float>(options.scale);
    for (std::size_t layer = 0; 2 * layer < tensors.size(); ++layer) {
      const auto &weight = tensors[2 * layer], &bias = tensors[2 * layer + 1];
      const auto outputs = static_cast<Index>(bias.shape.front());
      const tinynet::ConstMatrixView<float> w(weight.data, outputs, h.cols());
      Numbers z = h * w.transpose();
      z.rowwise() += tinynet::ConstMatrixView<float, 1>(bias.data, 1, outputs).row(0);
      if (!visit(layer, first, z)) return;
      const tinynet::NoGrad unrecorded;
      h = std::visit([&z](const auto& function) -> Numbers { return function(z).value(); }, activation);
    }
  }
}

/// "l1", ..., "lo"
std::string layer_name(Model& model, std::size_t layer) {
  const std::string name = model.weights()[2 * layer].name;
  return name.substr(0, name.find('.'));
}

/// " is NaN"
std::string kind(double x) { return std::string(" is ") + nonfinite_word(x); }

}  // namespace

std::string nonfinite_number(Model& model) {
  const auto found = tinynet::first_nonfinite(model.weights());
  return found ? found->place() + kind(found->value) : std::string();
}

std::string first_nonfinite(Model& model, const Options& options, const tinynet::Dataset& data) {
  std::string found = nonfinite_number(model);
  if (!found.empty()) return found;
  walk(model, options, data, [&](std::size_t layer, Index first, const Numbers& z) {
    for (Index row = 0; row < z.rows(); ++row)
      for (Index unit = 0; unit < z.cols(); ++unit)
        if (found.empty() && !std::isfinite(z(row, unit)))
          found = "output " + std::to_string(unit) + " of " + layer_name(model, layer) + " for training image " +
                  std::to_string(first + row) + kind(static_cast<double>(z(row, unit)));
    return found.empty();
  });
  return found;
}

std::string dead_units(Model& model, const Options& options, const tinynet::Dataset& data) {
  std::vector<Eigen::RowVectorXf> highest;  // of each unit of each layer
  walk(model, options, data, [&](std::size_t layer, Index, const Numbers& z) {
    const Eigen::RowVectorXf here = z.colwise().maxCoeff();
    if (layer == highest.size())
      highest.push_back(here);
    else
      highest[layer] = highest[layer].cwiseMax(here);
    return true;
  });
  std::string text;
  for (std::size_t layer = 0; layer + 1 < highest.size(); ++layer)  // the last one has no activation
    if (const Index dead = (highest[layer].array() <= 0).count(); dead > 0)
      text += (text.empty() ? "" : ", ") + layer_name(model, layer) + ": " + std::to_string(dead) + " of " +
              std::to_string(highest[layer].size());
  return text;
}

}  // namespace mnist
