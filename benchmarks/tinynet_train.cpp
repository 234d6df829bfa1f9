// Training with tinynet, in the user's own loop or by `fit` (mode=fit), by the fused step or by the general operations
// of the tape (mode=tape).
#include <tinynet/mlp.hpp>

#include "bench.hpp"

namespace tn = tinynet;

namespace {

// batch=0 is all rows: a step is a measurement. Else an epoch is one, in the order of the data.
template <class Net, class Optimizer>
void own_loop(const bench::Arguments& arguments, bench::Recorder& recorder, const bench::Data& data, const Net& net,
              Optimizer& optimizer) {
  const auto train = [&](const auto& x, const auto& y) {
    auto loss = tn::cross_entropy(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    recorder.loss(loss.item());
  };
  const tn::RowSelection all = data.rows();
  const tn::Index size = arguments.number("batch");
  if (size == 0) return recorder.measure(arguments.number("steps"), [&] { train(all, data.labels); });

  tn::Batches batches(all, data.labels, size, {.shuffle = false});
  recorder.measure(arguments.number("steps"), [&] {
    for (tn::Index i = 0; i < batches.per_epoch(); ++i) {
      const auto [x, y] = batches.next();
      train(x, y);
    }
  });
}

// The same full-batch steps by tinynet's own loop.
template <class Net, class Optimizer>
void by_fit(const bench::Arguments& arguments, bench::Recorder& recorder, const bench::Data& data, const Net& net,
            Optimizer& optimizer) {
  recorder.start();
  tn::fit(net, optimizer, data.rows(), data.labels, {.steps = arguments.number("steps")},
          [&](const tn::FitProgress& progress) {
            recorder.loss(progress.loss);
            recorder.lap();
          });
}

template <class Net>
void train(const bench::Arguments& arguments, bench::Recorder& recorder) {
  const bench::Data data = bench::read_data(arguments.text("data"), arguments.shape());
  Net net{tn::Seed{0}};
  if (arguments.text("optimizer") == "adam") {
    tn::Adam optimizer{net, {.lr = arguments.real("lr")}};
    own_loop(arguments, recorder, data, net, optimizer);
  } else {
    tn::SGD optimizer{net, {.lr = arguments.real("lr")}};
    (arguments.text("mode") == "fit" ? by_fit<Net, tn::SGD<float>>
                                     : own_loop<Net, tn::SGD<float>>)(arguments, recorder, data, net, optimizer);
  }
}

void work(const bench::Arguments& arguments, bench::Recorder& recorder) {
  tn::set_num_threads(arguments.number("threads"));
  if (arguments.text("mode") == "tape") tn::set_engine(tn::Engine::tape);
  const std::string& shape = arguments.text("shape");
  if (shape == "784-30-30-10") return train<tn::MLP<784, 30, 30, 10>>(arguments, recorder);
  if (shape == "784-128-10") return train<tn::MLP<784, 128, 10>>(arguments, recorder);
  if (shape == "784-256-128-10") return train<tn::MLP<784, 256, 128, 10>>(arguments, recorder);
  if (shape == "32-16-16-4") return train<tn::MLP<32, 16, 16, 4>>(arguments, recorder);
  throw std::invalid_argument("no net of the shape " + shape);
}

}  // namespace

int main(int count, char** words) { return bench::run(count, words, work); }
