// Full-batch steps of gradient descent with Eigen's matrix products, on the threads that Eigen has: OpenMP's.
#include "../bench.hpp"
#include "eigen_mlp.hpp"

namespace {

using bench::Layer, bench::Matrix, bench::Row;

// Logits to their gradient, in `delta`; returns the mean cross entropy.
double cross_entropy(Matrix& logits, const std::vector<std::uint8_t>& labels, Matrix& delta) {
  const float scale = 1.0f / static_cast<float>(logits.rows());
  const Eigen::VectorXf top = logits.rowwise().maxCoeff();
  logits.colwise() -= top;
  delta = logits.array().exp();
  const Eigen::VectorXf sums = delta.rowwise().sum();
  double loss = 0;
  for (Eigen::Index r = 0; r < logits.rows(); ++r) {
    const auto label = static_cast<Eigen::Index>(labels[static_cast<std::size_t>(r)]);
    loss += static_cast<double>(std::log(sums[r]) - logits(r, label));
    delta.row(r) *= scale / sums[r];
    delta(r, label) -= scale;
  }
  return loss / static_cast<double>(logits.rows());
}

void work(const bench::Arguments& arguments, bench::Recorder& recorder) {
  Eigen::setNbThreads(arguments.number("threads"));
  std::vector<Layer> layers = bench::make_layers(arguments.shape());
  bench::Data data = bench::read_data(arguments.text("data"), arguments.shape());
  const Matrix x = data.matrix();
  const auto lr = static_cast<float>(arguments.real("lr"));
  recorder.measure(arguments.number("steps"), [&] {
    recorder.loss(cross_entropy(bench::forward(layers, x), data.labels, layers.back().dy));
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
  });
}

}  // namespace

int main(int count, char** words) { return bench::run(count, words, work); }
