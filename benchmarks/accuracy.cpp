// How long a training takes until it recognises so much of MNIST's test data: processor seconds of one thread, without
// the looking. batch=0 is all rows; the pixels 0..255 are multiplied by `scale`; `looks`: after how many steps the test
// data are tried.
#include <algorithm>
#include <array>
#include <ctime>
#include <tinynet/mlp.hpp>

#include "bench.hpp"

namespace tn = tinynet;

namespace {

constexpr std::array goals{0.90, 0.95, 0.96, 0.97};

template <class Optimizer, class Net>
void train(const bench::Arguments& arguments, const tn::Mnist& data, Net& net, Optimizer& optimizer) {
  const double scale = arguments.real("scale");
  const auto step_on = [&](const auto& x, const auto& y) {
    auto loss = tn::cross_entropy(net(x * scale), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  };
  const tn::Index size = arguments.number("batch");
  tn::Batches batches(data.train.images, data.train.labels, std::max<tn::Index>(size, 1), {.seed = {1}});
  std::string reached;
  std::size_t goal = 0;
  double seconds = 0, accuracy = 0;
  int step = 0;
  const int looks = arguments.number("looks");
  while (step < arguments.number("steps") && goal < goals.size()) {
    const std::clock_t start = std::clock();
    for (int i = 0; i < looks; ++i, ++step) {
      if (size == 0) {
        step_on(data.train.images, data.train.labels);
      } else {
        const auto [x, y] = batches.next();
        step_on(x, y);
      }
    }
    seconds += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    accuracy = tn::evaluate(net, data.test.images * scale, data.test.labels).accuracy;
    for (; goal < goals.size() && accuracy >= goals[goal]; ++goal) {
      std::ostringstream out;
      out << (reached.empty() ? "" : ", ") << "{\"accuracy\": " << goals[goal] << ", \"steps\": " << step
          << ", \"seconds\": " << seconds << '}';
      reached += out.str();
    }
  }
  std::printf("{\"reached\": [%s], \"steps\": %d, \"seconds\": %.4g, \"accuracy\": %.4f}\n", reached.c_str(), step,
              seconds, accuracy);
}

void run(const bench::Arguments& arguments) {
  tn::set_num_threads(1);
  const char* const folder = std::getenv("TINYNET_DATA");
  if (folder == nullptr) throw std::invalid_argument("set TINYNET_DATA to a folder with MNIST's four files");
  const auto data = tn::read_mnist(folder);
  tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};
  if (arguments.text("optimizer") == "adam") {
    tn::Adam optimizer{net, {.lr = arguments.real("lr")}};
    train(arguments, data, net, optimizer);
  } else {
    tn::SGD optimizer{net, {.lr = arguments.real("lr")}};
    train(arguments, data, net, optimizer);
  }
}

}  // namespace

int main(int count, char** words) { return bench::run_program(count, words, run); }
