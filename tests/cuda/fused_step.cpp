// The kernel of the fused step, run on the host, against the tape in double.
#include <doctest/doctest.h>

#include <tinynet/cuda/row_loss.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/sequential.hpp>

#include "host_step.hpp"

namespace tn = tinynet;
using tn::Index;
namespace gpu = tn::detail::gpu;

namespace {

using Bytes = std::uint8_t;
using Labels = std::vector<std::int32_t>;
using Split = gpu::SplitArithmetic;
template <class Scalar>
using Plain = gpu::PlainArithmetic<Scalar>;

struct Engines {
  Engines() { tn::set_engine(tn::Engine::tape); }
  ~Engines() { tn::set_engine(tn::Engine::automatic); }
};

// The largest error of a tensor's gradient relative to its size, of all that a test case computes.
class Worst {
 public:
  template <class Net, class Scalar>
  void add(const std::vector<Scalar>& found, double found_loss, const Eigen::VectorXd& gradient, double loss) {
    const auto check = [&](Index begin, Index size) {
      const Eigen::VectorXd expected = gradient.segment(begin, size);
      Eigen::VectorXd difference = expected;
      for (Index i = 0; i < size; ++i) difference[i] -= static_cast<double>(found[static_cast<std::size_t>(begin + i)]);
      const double error = difference.norm() / std::max(expected.norm(), 1e-30);
      CHECK(error <= (std::is_same_v<Scalar, float> ? 1e-5 : 1e-12));
      gradient_ = std::max(gradient_, error);
    };
    for (int l = 0; l < Net::size; ++l) {
      const auto i = static_cast<std::size_t>(l);
      check(Net::weight_begin(l), Net::in[i] * Net::out[i]);
      if (Net::inputs[i] > Net::in[i]) check(Net::bias_begin(l), Net::out[i]);
    }
    const double error = std::abs(found_loss - loss) / std::abs(loss);
    CHECK(error <= (std::is_same_v<Scalar, float> ? 1e-6 : 1e-13));
    loss_ = std::max(loss_, error);
  }
  ~Worst() { MESSAGE("largest errors: gradients ", gradient_, ", losses ", loss_); }

 private:
  double gradient_ = 0, loss_ = 0;
};

// A table of numbers, about a third of them not 0, with some that do not belong to it behind each row.
template <class Number>
struct Table {
  Index rows, cols, stride;
  std::vector<Number> numbers;

  Table(Index r, Index c, Index beyond, tn::Generator& generator)
      : rows(r), cols(c), stride(c + beyond), numbers(static_cast<std::size_t>(r * stride)) {
    for (Number& number : numbers)
      if (generator.below(3) == 0)
        number = std::is_same_v<Number, Bytes> ? static_cast<Number>(generator.below(256))
                                               : static_cast<Number>(generator.uniform(-255, 255));
  }
  double at(std::int64_t row, Index col) const {
    return static_cast<double>(numbers[static_cast<std::size_t>(row * stride + col)]);
  }
};

struct Options {
  Index beyond = 0;
  bool selection = false, table_targets = false;
};

// Runs the kernel and the tape on the same random numbers. `loss` is a generic lambda that makes of (outputs, targets)
// a pair: the loss of a row, and the tape's loss as a function of (output, targets).
template <class Arithmetic, class Number, int TileRows, class Net, class Reference, class Loss>
void compare(Worst& worst, const Net& net, Reference& reference, Index rows, const Loss& loss, Options options = {}) {
  using Scalar = typename Arithmetic::Scalar;
  using Plan = gpu::StepPlan<Net, Scalar, Number, TileRows>;
  constexpr int in = Net::in.front();
  CAPTURE(in);
  CAPTURE(rows);
  tn::Generator generator{tn::Seed{static_cast<std::uint64_t>(rows)}};
  const Table<Number> table(options.selection ? rows + 5 : rows, in, options.beyond, generator);
  std::vector<std::int64_t> selection;
  for (Index i = 0; options.selection && i < rows; ++i)
    selection.push_back(static_cast<std::int64_t>(generator.below(static_cast<std::uint64_t>(table.rows))));
  const auto table_row = [&](Index i) { return options.selection ? selection[static_cast<std::size_t>(i)] : i; };

  const Scalar scale = Scalar(1) / Scalar(255);
  Eigen::MatrixXd x(rows, in);
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < in; ++k) x(i, k) = table.at(table_row(i), k) * static_cast<double>(scale);

  auto flat = tn::flat_parameters(reference);
  REQUIRE(flat->size() == Net::parameters);
  const auto memory = test::aligned_memory<Scalar>(static_cast<std::size_t>(Net::parameters));
  Eigen::Map<Eigen::Matrix<Scalar, Eigen::Dynamic, 1>> parameters(memory.get(), Net::parameters);
  parameters = flat->value.template cast<Scalar>();
  flat->value = parameters.template cast<double>();
  flat->gradient.setZero();

  const Index targets = options.table_targets ? table.rows : rows;
  const auto target_row = [&](Index i) { return options.table_targets ? table_row(i) : i; };
  loss.template run<Scalar, Net::out.back()>(
      targets, rows, target_row, generator, [&](const auto& row_loss, double factor, const auto& tape_loss) {
        gpu::StepArguments<Plan, std::remove_cvref_t<decltype(row_loss)>> arguments{
            .net = net,
            .loss = row_loss,
            .x = table.numbers.data(),
            .rows = rows,
            .stride = table.stride,
            .selection = options.selection ? selection.data() : nullptr,
            .table_targets = options.table_targets,
            .scale = scale,
            .parameters = parameters.data(),
            .partial = nullptr,
            .partial_loss = nullptr,
            .loss_factor = factor,
            .total = nullptr,
            .arrived = nullptr};
        const auto partial = test::run_step<Arithmetic>(arguments);
        if (rows <= 64) CHECK(partial == test::run_step<Arithmetic>(arguments, true));
        const Engines tape;
        const auto expected = tape_loss(reference(x));
        expected.backward();
        worst.add<Net>(test::total(partial), static_cast<double>(partial.loss), flat->gradient, expected.item());
      });
}

struct CrossEntropy {
  double smoothing = 0;

  template <class Scalar, int Outputs, class Row, class F>
  void run(Index targets, Index rows, const Row& target_row, tn::Generator& generator, const F& f) const {
    Labels labels, chosen;
    for (Index i = 0; i < targets; ++i) labels.push_back(static_cast<std::int32_t>(generator.below(Outputs)));
    for (Index i = 0; i < rows; ++i) chosen.push_back(labels[static_cast<std::size_t>(target_row(i))]);
    const double factor = 1.0 / static_cast<double>(rows);
    f(gpu::CrossEntropyRow<Scalar, Outputs>{labels.data(), static_cast<Scalar>(smoothing), static_cast<Scalar>(factor)},
      factor, [&](const auto& output) { return tn::cross_entropy(output, chosen, {.label_smoothing = smoothing}); });
  }
};

template <class Error>
struct Elementwise {
  template <class Scalar, int Outputs, class Row, class F>
  void run(Index targets, Index rows, const Row& target_row, tn::Generator& generator, const F& f) const {
    tn::Matrix<Scalar> wanted(targets, Outputs);
    for (Index i = 0; i < wanted.size(); ++i) wanted.data()[i] = static_cast<Scalar>(generator.uniform(0, 1));
    Eigen::MatrixXd chosen(rows, Outputs);
    for (Index i = 0; i < rows; ++i) chosen.row(i) = wanted.row(target_row(i)).template cast<double>();
    const double factor = 1.0 / static_cast<double>(rows * Outputs);
    f(gpu::ElementwiseRow<Scalar, Outputs, Error>{wanted.data(), static_cast<Scalar>(factor)}, factor,
      [&](const auto& output) {
        if constexpr (std::is_same_v<Error, tn::functions::SquaredError>)
          return tn::mse_loss(output, chosen);
        else
          return tn::bce_with_logits(output, chosen);
      });
  }
};
using SquaredError = Elementwise<tn::functions::SquaredError>;

// In tiles of 64 rows if the net fits, and few rows in tiles of 32.
template <class Arithmetic, class Number, int... Sizes, class Activation = tn::ReLU, class Loss = CrossEntropy>
void compare_perceptron(Worst& worst, std::initializer_list<Index> rows, const Activation& activation = {},
                        const Loss& loss = {}, Options options = {}) {
  for (const Index n : rows) {
    tn::DynamicMLP<double> reference({Sizes...}, activation, tn::Seed{3});
    const auto net = gpu::perceptron<Sizes...>(activation.function());
    using Net = std::remove_const_t<decltype(net)>;
    constexpr bool in_64 = gpu::largest_tile<Net, typename Arithmetic::Scalar, Number>(227 << 10) == 64;
    if constexpr (in_64) compare<Arithmetic, Number, 64>(worst, net, reference, n, loss, options);
    if (!in_64 || n <= 64) compare<Arithmetic, Number, 32>(worst, net, reference, n, loss, options);
  }
}

}  // namespace

TEST_CASE("bytes, on tensor cores: nets of all shapes") {
  Worst worst;
  compare_perceptron<Split, Bytes, 784, 30, 30, 10>(worst, {1, 7, 64, 1000});
  compare_perceptron<Split, Bytes, 784, 64, 10>(worst, {1, 7, 64});
  compare_perceptron<Split, Bytes, 784, 128, 128, 10>(worst, {7, 64});
  compare_perceptron<Split, Bytes, 784, 10>(worst, {64});
  compare_perceptron<Split, Bytes, 1, 1, 1>(worst, {1, 7, 64, 1000}, tn::Tanh{}, SquaredError{});
  compare_perceptron<Split, Bytes, 3, 7, 5, 2>(worst, {1, 7, 64, 1000});
  compare_perceptron<Split, Bytes, 20, 30, 30, 30, 30, 5>(worst, {1, 7, 64, 1000});
  compare_perceptron<Split, Bytes, 15, 16, 17, 8>(worst, {64});
  compare_perceptron<Split, Bytes, 16, 15, 32, 33>(worst, {64});
  compare_perceptron<Split, Bytes, 128, 1, 9>(worst, {64});
  compare_perceptron<Split, Bytes, 200, 40, 3>(worst, {7, 64});
  compare_perceptron<Split, Bytes, 9, 100, 2>(worst, {64});
}

TEST_CASE("floats, on tensor cores") {
  Worst worst;
  compare_perceptron<Split, float, 784, 30, 30, 10>(worst, {7, 64});
  compare_perceptron<Split, float, 3, 7, 5, 2>(worst, {1, 7, 64, 1000});
  compare_perceptron<Split, float, 150, 33, 4>(worst, {64});
}

TEST_CASE("without tensor cores: float and double") {
  Worst worst;
  compare_perceptron<Plain<float>, Bytes, 784, 30, 30, 10>(worst, {64});
  compare_perceptron<Plain<float>, float, 20, 30, 5>(worst, {7, 64});
  Worst in_double;
  compare_perceptron<Plain<double>, Bytes, 784, 30, 30, 10>(in_double, {64});
  compare_perceptron<Plain<double>, double, 20, 30, 5>(in_double, {7, 64}, tn::SiLU{});
  compare_perceptron<Plain<double>, double, 3, 7, 5, 2>(in_double, {1, 7, 1000}, tn::GELU{}, SquaredError{});
}

TEST_CASE("every activation") {
  Worst worst;
  const auto check = [&](const auto& activation) {
    compare_perceptron<Split, Bytes, 20, 30, 30, 5>(worst, {64}, activation);
  };
  check(tn::ReLU{});
  check(tn::LeakyReLU{0.1});
  check(tn::ELU{0.7});
  check(tn::Sigmoid{});
  check(tn::Tanh{});
  check(tn::Softplus{2.0});
  check(tn::SiLU{});
  check(tn::GELU{});
  check(tn::GELUTanh{});
}

TEST_CASE("every loss") {
  Worst worst;
  compare_perceptron<Split, Bytes, 20, 30, 5>(worst, {1, 7, 100}, tn::Tanh{}, CrossEntropy{0.1});
  compare_perceptron<Split, Bytes, 20, 30, 5>(worst, {1, 7, 100}, tn::Tanh{}, SquaredError{});
  compare_perceptron<Split, float, 20, 30, 1>(worst, {7, 100}, tn::ReLU{}, Elementwise<tn::functions::LogitsError>{});
}

TEST_CASE("a selection of rows, targets of the table, rows that lie apart, addresses of any kind") {
  Worst worst;
  for (const bool table_targets : {false, true}) {
    const Options options{.beyond = 0, .selection = true, .table_targets = table_targets};
    compare_perceptron<Split, Bytes, 784, 30, 10>(worst, {50}, tn::ReLU{}, CrossEntropy{}, options);
    compare_perceptron<Split, float, 20, 30, 5>(worst, {50}, tn::ReLU{}, SquaredError{}, options);
  }
  for (const Index beyond : {1, 16})
    compare_perceptron<Split, Bytes, 48, 30, 5>(worst, {40}, tn::ReLU{}, CrossEntropy{}, {.beyond = beyond});
}

TEST_CASE("layers without bias and a last activation, tiles of all heights") {
  Worst worst;
  tn::Generator generator{tn::Seed{5}};
  tn::Sequential reference{tn::Linear<30, 18, double>{generator}, tn::Tanh{},
                           tn::Linear<18, 4, double>{generator, tn::Bias{false}}, tn::SiLU{}};
  const gpu::LayerList net(gpu::Layer<30, 18, tn::functions::Tanh>{}, gpu::Layer<18, 4, tn::functions::SiLU, false>{});
  compare<Split, Bytes, 16>(worst, net, reference, 100, CrossEntropy{});
  compare<Split, Bytes, 64>(worst, net, reference, 100, CrossEntropy{});
}

TEST_CASE("several tiles a part, and rows loaded ahead") {
  Worst worst;
  compare_perceptron<Split, Bytes, 120, 10, 4>(worst, {17000});
}

TEST_CASE("more rows than a part's sums are kept for") {
  Worst worst;
  tn::DynamicMLP<double> reference({3, 7, 2}, tn::Tanh{}, tn::Seed{3});
  compare<Split, Bytes, 64>(worst, gpu::perceptron<3, 7, 2>(tn::functions::Tanh{}), reference, 80001, CrossEntropy{});
}
