// Training with dlib; its threads are those of the BLAS that it was built with.
#include "../bench.hpp"
#include "dlib_mlp.hpp"

namespace {

// The mean cross entropy. dlib's own number takes no probability below 1e-10, which the steps on pixels 0..255 reach.
double cross_entropy(const dlib::tensor& logits, const unsigned long* labels) {
  const tinynet::ConstMatrixView<float> y(logits.host(), logits.num_samples(), logits.k());
  double loss = 0;
  for (tinynet::Index r = 0; r < y.rows(); ++r) {
    const float top = y.row(r).maxCoeff();
    loss += static_cast<double>(std::log((y.row(r).array() - top).exp().sum()) + top -
                                y(r, static_cast<tinynet::Index>(labels[r])));
  }
  return loss / static_cast<double>(y.rows());
}

// dlib's trainer draws batches on threads of its own; this is what it does with one.
template <class Chain, class Solver>
void train(const bench::Arguments& arguments, bench::Recorder& recorder, const Solver& solver) {
  dlib::loss_multiclass_log<Chain> net;
  bench::initialise(net.subnet(), arguments.shape());
  const bench::Data data = bench::read_data(arguments.text("data"), arguments.shape());
  const tinynet::Matrix<float> x = data.matrix();
  const std::vector<unsigned long> labels(data.labels.begin(), data.labels.end());
  const double lr = arguments.real("lr");
  std::vector<Solver> solvers(Chain::num_computational_layers, solver);
  const auto step = [&](const dlib::resizable_tensor& rows, tinynet::Index first) {
    net.compute_parameter_gradients(rows, labels.data() + first);
    if (recorder.wants_loss()) recorder.loss(cross_entropy(net.subnet().get_output(), labels.data() + first));
    net.update_parameters(dlib::make_sstack(solvers), lr);
  };

  dlib::resizable_tensor rows;
  const tinynet::Index size = arguments.number("batch");
  if (size == 0) {
    bench::copy_rows(x, rows);
    return recorder.measure(arguments.number("steps"), [&] { step(rows, 0); });
  }
  recorder.measure(arguments.number("steps"), [&] {
    for (tinynet::Index first = 0; first < x.rows(); first += size) {
      bench::copy_rows(x.middleRows(first, std::min(size, x.rows() - first)), rows);
      step(rows, first);
    }
  });
}

template <class Chain>
void train(const bench::Arguments& arguments, bench::Recorder& recorder) {
  if (arguments.text("optimizer") == "adam")
    train<Chain>(arguments, recorder, dlib::adam(0, 0.9f, 0.999f));
  else
    train<Chain>(arguments, recorder, dlib::sgd(0, 0));
}

void work(const bench::Arguments& arguments, bench::Recorder& recorder) {
  (arguments.shape().size() == 3 ? train<bench::Two> : train<bench::Three>)(arguments, recorder);
}

}  // namespace

int main(int count, char** words) { return bench::run(count, words, work); }
