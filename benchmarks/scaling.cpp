// What scaling.py puts together: a process's part of a step, a sum over the processes, and whole steps of an MPI job,
// in the user's own loop. The net is 784-30-30-10, the optimizer SGD, the data MNIST, again and again if more rows are
// asked for.
#include <algorithm>
#include <tinynet/dist/mpi.hpp>
#include <tinynet/mlp.hpp>

#include "bench.hpp"

namespace tn = tinynet;

namespace {

/// The first of so many processes, of which the others are not there and add nothing.
class Alone final : public tn::Ranks {
 public:
  explicit Alone(tn::Index size) : size_(size) {}
  tn::Index size() const override { return size_; }
  tn::Index rank() const override { return 0; }
  void sum(std::span<float>, std::span<double>) const override {}
  void sum(std::span<double>, std::span<double>) const override {}

 private:
  tn::Index size_;
};

/// Sends nothing.
struct NoLink {
  void swap(tn::Index, std::span<const std::byte>, std::span<std::byte>) const {}
  void send(tn::Index, std::span<const std::byte>) const {}
  void receive(tn::Index, std::span<std::byte>) const {}
};

tn::Dataset rows_of_mnist(tn::Index rows) {
  const bench::Data mnist = bench::read_data("mnist", {784});
  const tn::Index all = mnist.bytes.size();
  std::vector<std::uint8_t> pixels, labels;
  for (tn::Index row = 0; row < rows; row += all) {
    const auto count = static_cast<std::size_t>(std::min(all, rows - row));
    pixels.insert(pixels.end(), mnist.bytes.data(), mnist.bytes.data() + 784 * count);
    labels.insert(labels.end(), mnist.labels.begin(), mnist.labels.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return {tn::Images(std::move(pixels), rows, 28, 28), std::move(labels)};
}

/// `lr` is multiplied by `factor`.
void steps(const bench::Arguments& arguments, bench::Recorder& recorder, const tn::Ranks* ranks, double factor) {
  const tn::Dataset whole = rows_of_mnist(arguments.number("rows"));
  const tn::Dataset mine = ranks == nullptr ? whole : tn::share(*ranks, whole);
  tn::MLP<784, 30, 30, 10> net{tn::Seed{0}};
  tn::SGD optimizer{net, {.lr = static_cast<float>(0.003 * factor)}};
  recorder.measure(arguments.number("steps"), [&] {
    auto loss = tn::cross_entropy(net(mine.images), mine.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    recorder.loss(loss.item());
  });
}

/// Small ones are timed some at a time.
int sums_at_once(const bench::Arguments& arguments) { return arguments.number("bytes") < 200'000 ? 20 : 1; }

std::vector<float> zeros(const bench::Arguments& arguments) {
  return std::vector<float>(static_cast<std::size_t>(arguments.number("bytes")) / sizeof(float), 0.0f);
}

/// Returns whether this process is the one that prints.
bool work(const bench::Arguments& arguments, bench::Recorder& recorder) {
  tn::set_num_threads(1);
  const std::string& kind = arguments.text("work");
  if (kind == "part") {  // rank 0 of ranks=N; its gradients are an Nth of what they would be
    const int ranks = arguments.number("ranks");
    const Alone alone(ranks);
    steps(arguments, recorder, &alone, ranks);
    return true;
  }
  if (kind == "step") {
    steps(arguments, recorder, nullptr, 1);
    return true;
  }
  if (kind == "addition") {  // what a process does itself in a sum over two
    std::vector<float> numbers = zeros(arguments);
    recorder.measure(arguments.number("steps"), sums_at_once(arguments),
                     [&](bool) { tn::detail::all_sum(NoLink{}, 0, 2, std::span(numbers), {}); });
    return true;
  }
  const tn::Mpi mpi;
  if (kind == "sum") {
    std::vector<float> numbers = zeros(arguments);
    recorder.measure(arguments.number("steps"), sums_at_once(arguments),
                     [&](bool) { mpi.sum(std::span(numbers), {}); });
  } else if (kind == "mpi_step") {
    steps(arguments, recorder, &mpi, 1);
  } else {
    throw std::invalid_argument("unknown work '" + kind + "'");
  }
  mpi.barrier();
  return mpi.rank() == 0;
}

}  // namespace

int main(int count, char** words) {
  return bench::run_program(count, words, [](const bench::Arguments& arguments) {
    bench::Recorder recorder;
    if (work(arguments, recorder)) recorder.print();
  });
}
