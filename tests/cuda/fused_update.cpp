// The kernel of the update, run on the host, against the library's optimizers.
#include <doctest/doctest.h>

#include <tinynet/cuda/row_loss.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/optim/adadelta.hpp>
#include <tinynet/optim/adagrad.hpp>
#include <tinynet/optim/adam.hpp>
#include <tinynet/optim/rmsprop.hpp>
#include <tinynet/optim/sgd.hpp>

#include "../optim/toy.hpp"
#include "host_step.hpp"

namespace tn = tinynet;
using tn::Index;
namespace gpu = tn::detail::gpu;
namespace rules = tn::rules;

namespace {

template <class Scalar>
test::Partial<Scalar> random_parts(int parts, int size, tn::Generator& generator) {
  test::Partial<Scalar> partial{parts, {}, 0};
  for (int i = 0; i < parts * size; ++i) partial.gradient.push_back(static_cast<Scalar>(generator.uniform(-1, 1)));
  return partial;
}

// The largest difference from the parameters of an optimizer of the library after some steps with the same gradients;
// rule(t) is the rule of step t, counted from 1.
template <int States, class Scalar, class Optimizer, class MakeRule>
double distance(Optimizer optimizer, test::Toy<Scalar>& toy, const MakeRule& rule, Scalar initial = 0) {
  constexpr int size = 37, parts = 19;
  tn::Generator generator{tn::Seed{2}};
  std::vector<Scalar> p(toy.p.data(), toy.p.data() + size), gradient(size), lost(size);
  std::vector<Scalar> state[States + 1];
  for (auto& numbers : state) numbers.assign(size, initial);
  for (Index t = 1; t <= 8; ++t) {
    const auto partial = random_parts<Scalar>(parts, size, generator);
    const auto now = rule(t);
    gpu::UpdateArguments<std::remove_const_t<decltype(now)>, States, Scalar> arguments{.rule = now,
                                                                                       .partial = nullptr,
                                                                                       .parts = 0,
                                                                                       .size = size,
                                                                                       .factor = Scalar(0.5),
                                                                                       .add = false,
                                                                                       .gradient = gradient.data(),
                                                                                       .parameters = p.data(),
                                                                                       .lost = lost.data(),
                                                                                       .state = {}};
    for (int i = 0; i < States; ++i) arguments.state[i] = state[i].data();
    test::run_update(partial, arguments);
    for (int i = 0; i < size; ++i) toy.p.grad().data()[i] = gradient[static_cast<std::size_t>(i)];
    optimizer.step();
  }
  double largest = 0;
  for (int i = 0; i < size; ++i)
    largest = std::max(
        largest, std::abs(static_cast<double>(p[static_cast<std::size_t>(i)]) - static_cast<double>(toy.p.data()[i])));
  return largest;
}

template <class Scalar>
double worst_distance() {
  double worst = 0;
  const auto add = [&worst](double d) { worst = std::max(worst, d); };
  const auto with = [](const auto& f) {
    test::Toy<Scalar> toy;
    return f(toy);
  };
  add(with([](auto& toy) {
    return distance<0>(tn::SGD(toy, {.lr = 0.1, .weight_decay = 0.01}), toy, [](Index) {
      return rules::SGD{0.1, 0.01};
    });
  }));
  const tn::SGDOptions nesterov{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true};
  const tn::SGDOptions dampened{.lr = 0.1, .momentum = 0.9, .dampening = 0.1};
  for (const auto& options : {nesterov, dampened})
    add(with([&](auto& toy) {
      return distance<1>(tn::SGD(toy, options), toy, [&](Index t) { return rules::Momentum{options, t == 1}; });
    }));
  add(with([](auto& toy) {
    return distance<2>(tn::Adam(toy, {.lr = 0.1, .weight_decay = 0.01}), toy,
                       [](Index t) { return rules::Adam(0.1, 0.9, 0.999, 1e-8, 0.01, 0, t); });
  }));
  add(with([](auto& toy) {
    return distance<2>(tn::AdamW(toy, {.lr = 0.1}), toy,
                       [](Index t) { return rules::Adam(0.1, 0.9, 0.999, 1e-8, 0, 0.01, t); });
  }));
  for (const bool centered : {false, true}) {
    const tn::RMSpropOptions options{.momentum = 0.5, .centered = centered};
    add(with([&](auto& toy) {
      return distance<3>(tn::RMSprop(toy, options), toy, [&](Index) { return rules::RMSprop{options}; });
    }));
  }
  add(with([](auto& toy) {
    return distance<1>(
        tn::Adagrad(toy, {.lr = 0.1, .lr_decay = 0.1, .initial_accumulator_value = 0.25}), toy,
        [](Index t) {
          return rules::Adagrad{0.1 / (1 + 0.1 * static_cast<double>(t - 1)), 0, 1e-10};
        },
        Scalar(0.25));
  }));
  add(with([](auto& toy) { return distance<2>(tn::Adadelta(toy), toy, [](Index) { return rules::Adadelta{}; }); }));
  return worst;
}

}  // namespace

TEST_CASE("every rule gives the parameters of the library's optimizer") {
  const double in_double = worst_distance<double>(), in_float = worst_distance<float>();
  MESSAGE("largest differences: double ", in_double, ", float ", in_float);
  CHECK(in_double < 1e-14);
  CHECK(in_float < 1e-6);
}

TEST_CASE("gradients are the sums of the parts, put in place or added") {
  tn::Generator generator{tn::Seed{2}};
  for (const int parts : {1, 2, 8, 9, 132})
    for (const int size : {1, 31, 32, 33, 100}) {
      const auto partial = random_parts<double>(parts, size, generator);
      const auto count = static_cast<std::size_t>(size);
      std::vector<double> gradient(count, 1.0);
      gpu::UpdateArguments<gpu::KeepParameters, 0, double> arguments{};
      arguments.size = size;
      arguments.factor = 2;
      arguments.add = true;
      arguments.gradient = gradient.data();
      test::run_update(partial, arguments);
      const auto sum = test::total(partial);
      for (std::size_t i = 0; i < count; ++i) {
        double expected = 0;
        for (std::size_t part = 0; part < static_cast<std::size_t>(parts); ++part)
          expected += partial.gradient[part * count + i];
        CHECK(std::abs(sum[i] - expected) < 1e-13);
        CHECK(std::abs(gradient[i] - (1 + 2 * expected)) < 1e-13);
      }
    }
}

TEST_CASE("some steps of training, both kernels, stay with the library in double") {
  constexpr Index rows = 100, in = 20;
  tn::Generator generator{tn::Seed{7}};
  tn::BasicMLP<double, tn::Tanh, in, 12, 5> reference{tn::Seed{1}};
  tn::Adam optimizer(reference, {.lr = 0.01});
  const auto net = gpu::perceptron<in, 12, 5>(tn::functions::Tanh{});
  using Net = std::remove_const_t<decltype(net)>;
  using Plan = gpu::StepPlan<Net, float, float, 32>;
  const auto flat = tn::flat_parameters(reference);
  Eigen::VectorXf p = flat->value.cast<float>();
  flat->value = p.cast<double>();
  const tn::Matrix<float> x = tn::Matrix<float>::Random(rows, in);
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(generator.below(5)));
  Eigen::VectorXf gradient(p.size()), lost = Eigen::VectorXf::Zero(p.size()), m = lost, v = lost;
  for (Index t = 1; t <= 20; ++t) {
    const gpu::CrossEntropyRow<float, 5> row_loss{labels.data(), 0, 1.0f / rows};
    const auto partial = test::run_step<gpu::SplitArithmetic>(
        gpu::StepArguments<Plan, gpu::CrossEntropyRow<float, 5>>{.net = net,
                                                                 .loss = row_loss,
                                                                 .x = x.data(),
                                                                 .rows = rows,
                                                                 .stride = in,
                                                                 .selection = nullptr,
                                                                 .table_targets = false,
                                                                 .scale = 1,
                                                                 .parameters = p.data(),
                                                                 .partial = nullptr,
                                                                 .partial_loss = nullptr,
                                                                 .loss_factor = 1.0 / rows,
                                                                 .total = nullptr,
                                                                 .arrived = nullptr});
    const rules::Adam rule(0.01, 0.9, 0.999, 1e-8, 0, 0, t);
    test::run_update(partial, gpu::UpdateArguments<rules::Adam, 2, float>{.rule = rule,
                                                                          .partial = nullptr,
                                                                          .parts = 0,
                                                                          .size = Net::parameters,
                                                                          .factor = 1,
                                                                          .add = false,
                                                                          .gradient = gradient.data(),
                                                                          .parameters = p.data(),
                                                                          .lost = lost.data(),
                                                                          .state = {m.data(), v.data()}});
    const Eigen::MatrixXd numbers = x.cast<double>();
    const auto expected = tn::cross_entropy(reference(numbers), labels);
    CHECK(static_cast<double>(partial.loss) == doctest::Approx(expected.item()).epsilon(1e-6));
    optimizer.zero_grad();
    expected.backward();
    optimizer.step();
  }
  CHECK((p.cast<double>() - flat->value).norm() < 1e-5 * flat->value.norm());
}
