// The outputs of a net for one row, a call a measurement: of the net as it is, or of a frozen one (mode=frozen).
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
    const auto measure = [&](const auto& infer) {
      infer(rows.row(0));
      for (const float number : y) recorder.check(number);
      recorder.measure(arguments.number("steps"), [&] { infer(rows.row(++next % rows.rows())); });
    };
    if (arguments.text("mode") == "frozen") {
      const auto frozen = tn::freeze(net);
      measure([&](const auto& x) { y = frozen(x); });
    } else {
      measure([&](const auto& x) {
        const tn::NoGrad guard;
        y = net(x).value();
      });
    }
  });
}
