// Training with tinynet on a GPU, by the fused step or by the general operations of the tape (mode=tape).
#include <tinynet/cuda.cuh>

#include "bench.hpp"

namespace tn = tinynet;

namespace {

/// |gradient - g| / |g|, where g is the gradient of the cross entropy of all data at the net's weights, in double and
/// on the CPU.
template <tn::Index... Sizes>
double gradient_error(const Eigen::VectorXf& gradient, tn::MLP<Sizes...>& net, const bench::Data& data) {
  tn::BasicMLP<double, tn::ReLU, Sizes...> exact;
  const auto flat = tn::flat_parameters(exact);
  flat->value = tn::flat_parameters(net)->value.template cast<double>();
  tn::cross_entropy(exact(data.rows()), data.labels).backward();
  return (gradient.cast<double>() - flat->gradient).norm() / flat->gradient.norm();
}

template <class Net>
void train(const bench::Arguments& arguments, bench::Recorder& recorder) {
  tn::use_gpu(0);
  const bench::Data data = bench::read_data(arguments.text("data"), arguments.shape());
  Net start{tn::Seed{0}};
  auto net = start.to(tn::cuda);
  const auto there = tn::Dataset{data.bytes, data.labels}.to(tn::cuda);
  tn::SGD optimizer{net, {.lr = arguments.real("lr")}};

  tn::set_engine(arguments.text("mode") == "tape" ? tn::Engine::tape : tn::Engine::fused);
  tn::cross_entropy(net(there.images), there.labels).backward();
  const Eigen::VectorXf gradient = optimizer.parameters().gradient.to(tn::cpu);
  const auto step = [&](bool wait) {
    const auto loss = tn::cross_entropy(net(there.images), there.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    const double value = wait || recorder.wants_loss() ? loss.item() : 0;
    recorder.loss(value);  // of the first three steps
    return value;
  };
  recorder.measure(arguments.number("steps"), arguments.number("chunk"), step);
  recorder.note("loss", step(true));
  tn::set_engine(tn::Engine::automatic);
  recorder.note("gradient_error", gradient_error(gradient, start, data));
}

void work(const bench::Arguments& arguments, bench::Recorder& recorder) {
  tn::set_num_threads(arguments.number("threads"));
  const std::string& shape = arguments.text("shape");
  if (shape == "784-30-30-10") return train<tn::MLP<784, 30, 30, 10>>(arguments, recorder);
  throw std::invalid_argument("no net of the shape " + shape);
}

}  // namespace

int main(int count, char** words) { return bench::run(count, words, work); }
