// The outputs of a net for one row, a call a measurement.
#include <tinynet/mlp.hpp>

#include "bench.hpp"

namespace tn = tinynet;

int main(int count, char** words) {
  return bench::run(count, words, [](const bench::Arguments& arguments, bench::Recorder& recorder) {
    tn::set_num_threads(arguments.number("threads"));
    const tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};
    const tn::Matrix<float> rows = bench::read_data("mnist01", arguments.shape()).matrix().topRows(1000);
    tn::Matrix<float, 1, 10> y;
    tn::Index next = 0;
    const auto infer = [&] {
      const tn::NoGrad guard;
      y = net(rows.row(next++ % rows.rows())).value();
    };
    infer();
    for (const float number : y) recorder.check(number);
    recorder.measure(arguments.number("steps"), infer);
  });
}
