// The outputs of a net for one row with Eigen's products, a call a measurement.
#include "../bench.hpp"
#include "eigen_mlp.hpp"

int main(int count, char** words) {
  return bench::run(count, words, [](const bench::Arguments& arguments, bench::Recorder& recorder) {
    Eigen::setNbThreads(arguments.number("threads"));
    std::vector<bench::Layer> layers = bench::make_layers(arguments.shape());
    const bench::Matrix rows = bench::read_data("mnist01", arguments.shape()).matrix().topRows(1000);
    Eigen::Index next = 0;
    const auto infer = [&]() -> const bench::Matrix& { return bench::forward(layers, rows.row(next++ % rows.rows())); };
    for (const float number : infer().reshaped()) recorder.check(number);
    recorder.measure(arguments.number("steps"), infer);
  });
}
