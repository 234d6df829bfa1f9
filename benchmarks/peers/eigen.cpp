// bench_eigen WORK STEPS THREADS: the full-batch works as one would write them with Eigen's matrix products alone.
#include <Eigen/Core>
#include <tinynet/core/random.hpp>
#include <tinynet/nn/mlp.hpp>

#include "../work.hpp"

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::RowVectorXf;

struct Layer {
  Matrix weight;
  Row bias;
  Matrix y, dy;
};

void run(const bench::Arguments& arguments, const tinynet::Dataset& data, const std::vector<Eigen::Index>& sizes,
         float lr) {
  // The start that all peers have comes from tinynet; the arithmetic below is Eigen's.
  const tinynet::DynamicMLP<float> start(sizes);
  std::vector<Layer> layers;
  for (const auto& layer : start.layers()) layers.push_back({layer.weight().value(), layer.bias().value(), {}, {}});
  const Matrix x = data.images.matrix().cast<float>();
  const Eigen::Index rows = x.rows();
  const float scale = 1.0f / static_cast<float>(rows);
  bench::measure(arguments.steps, [&](int) {
    const Matrix* in = &x;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      Layer& layer = layers[l];
      layer.y.noalias() = *in * layer.weight.transpose();
      layer.y.rowwise() += layer.bias;
      if (l + 1 < layers.size()) layer.y = layer.y.cwiseMax(0.0f);
      in = &layer.y;
    }
    Matrix& logits = layers.back().y;
    const Eigen::VectorXf top = logits.rowwise().maxCoeff();
    logits.colwise() -= top;
    Matrix& delta = layers.back().dy;
    delta = logits.array().exp();
    const Eigen::VectorXf sums = delta.rowwise().sum();
    double loss = 0;
    for (Eigen::Index r = 0; r < rows; ++r) {
      const auto label = static_cast<Eigen::Index>(data.labels[static_cast<std::size_t>(r)]);
      loss += static_cast<double>(std::log(sums[r]) - logits(r, label));
      delta.row(r) *= scale / sums[r];
      delta(r, label) -= scale;
    }
    for (std::size_t l = layers.size(); l-- > 0;) {
      Layer& layer = layers[l];
      const Matrix& below = l == 0 ? x : layers[l - 1].y;
      const Matrix gradient = layer.dy.transpose() * below;
      const Row bias_gradient = layer.dy.colwise().sum();
      if (l > 0) {
        layers[l - 1].dy.noalias() = layer.dy * layer.weight;
        layers[l - 1].dy.array() *= (below.array() > 0).cast<float>();
      }
      layer.weight -= lr * gradient;
      layer.bias -= lr * bias_gradient;
    }
    return loss / static_cast<double>(rows);
  });
}

}  // namespace

int main(int count, char** values) {
  const bench::Arguments arguments(count, values);
  if (arguments.threads > 0) Eigen::setNbThreads(arguments.threads);
  if (arguments.work == "full")
    run(arguments, bench::training_set(), {784, 30, 30, 10}, 0.003f);
  else if (arguments.work == "dense")
    run(arguments, bench::random_set(), {784, 30, 30, 10}, 1e-5f);
  else if (arguments.work == "wide")
    run(arguments, bench::training_set(), {784, 256, 128, 10}, 0.003f);
  else
    return std::cerr << "bench_eigen: unknown work '" << arguments.work << "'\n", 2;
}
