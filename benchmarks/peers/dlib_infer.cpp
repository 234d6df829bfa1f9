// The outputs of a net for one row with dlib, a call a measurement.
#include "../bench.hpp"
#include "dlib_mlp.hpp"

int main(int count, char** words) {
  return bench::run(count, words, [](const bench::Arguments& arguments, bench::Recorder& recorder) {
    bench::Three net;
    bench::initialise(net, arguments.shape());
    const auto x = bench::read_data("mnist01", arguments.shape()).matrix();
    std::vector<dlib::resizable_tensor> rows(1000);
    for (std::size_t i = 0; i < rows.size(); ++i) bench::copy_rows(x.row(static_cast<tinynet::Index>(i)), rows[i]);
    std::size_t next = 0;
    const auto infer = [&]() -> const dlib::tensor& { return net.forward(rows[next++ % rows.size()]); };
    for (const float number : dlib::mat(infer())) recorder.check(number);
    recorder.measure(arguments.number("steps"), infer);
  });
}
