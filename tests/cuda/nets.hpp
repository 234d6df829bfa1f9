// What the tests of nets on a device share: the same training there and on the CPU. The device is a template parameter,
// so that the tests of a GPU are those of the one that is none.
#pragma once

#include <doctest/doctest.h>

#include <tinynet/tinynet.hpp>

namespace test::nets {

using namespace tinynet;

/// Numbers in [-1, 1), the same in every run.
inline Matrix<float> numbers(Index rows, Index cols, std::uint64_t seed) {
  Generator generator{Seed{seed}};
  Matrix<float> x(rows, cols);
  init::uniform(x, -1, 1, generator);
  return x;
}

inline std::vector<int> labels(Index rows, int classes) {
  std::vector<int> y;
  for (Index i = 0; i < rows; ++i) y.push_back(static_cast<int>(i * 7 % classes));
  return y;
}

/// |a - b| / |b|
template <class A, class B>
double distance(const A& a, const B& b) {
  return static_cast<double>((a - b).norm()) / static_cast<double>(b.norm());
}

/// Trains two copies of a net, one on the device, on the same loss, and compares losses, gradients, parameters and
/// states. `loss(net, place)` gets the place to put data to; `make(net)` makes the optimizer.
template <class Net, class Device, class Loss, class Make>
void check_training(const Net& start, Device device, const Loss& loss, const Make& make, double tolerance = 1e-4) {
  auto net = start;
  auto there = start.to(device);
  auto optimizer = make(net);
  auto optimizer_there = make(there);
  for (int step = 0; step < 5; ++step) {
    const auto here_loss = loss(net, cpu);
    const auto there_loss = loss(there, device);
    CAPTURE(step);
    CHECK(static_cast<double>(there_loss.item()) ==
          doctest::Approx(static_cast<double>(here_loss.item())).epsilon(tolerance));
    optimizer.zero_grad();
    optimizer_there.zero_grad();
    here_loss.backward();
    there_loss.backward();
    const auto& own = optimizer.parameters();
    const auto& others = optimizer_there.parameters();
    CHECK(distance(others.gradient.to(cpu), own.gradient) <= tolerance);
    optimizer.step();
    optimizer_there.step();
    CHECK(distance(others.value.to(cpu), own.value) <= tolerance);
  }
  const auto back = there.to(cpu);
  CHECK(distance(flat_parameters(const_cast<std::remove_const_t<decltype(back)>&>(back))->value,
                 optimizer.parameters().value) <= tolerance);
}

/// x where a net is: as the input of a net, and as the target of a loss.
inline const Matrix<float>& input(const Matrix<float>& x, Cpu) { return x; }
template <class Device>
auto input(const Matrix<float>& x, Device device) {
  return to(x, device);
}
inline const std::vector<int>& classes(const std::vector<int>& y, Cpu) { return y; }
template <class Device>
auto classes(const std::vector<int>& y, Device device) {
  return DeviceLabels(y, device);
}

/// Nets of all modules, with the same loss and optimizer.
template <class Device>
void check_modules(Device device) {
  const Matrix<float> x = numbers(50, 6, 1);
  const std::vector<int> y = labels(50, 4);
  const auto check = [&](const char* name, const auto& net) {
    CAPTURE(name);
    check_training(
        net, device, [&](const auto& n, auto place) { return cross_entropy(n(input(x, place)), classes(y, place)); },
        [](auto& n) {
          return SGD{n, {.lr = 0.1}};
        });
  };
  Generator generator;
  check("MLP", MLP<6, 8, 4>{Seed{1}});
  check("DynamicMLP", DynamicMLP<float>({6, 8, 4}, Tanh{}, Seed{2}));
  check("norms", Sequential{Linear<6, 8>{generator}, LayerNorm<8>{}, ELU{}, Linear<8, 7>{generator}, BatchNorm1d<7>{},
                            SiLU{}, Linear<7, 4>{generator}});
  check("activations", Sequential{Linear<6, 8>{generator}, LeakyReLU{}, Linear<8, 8>{generator}, Sigmoid{},
                                  Linear<8, 8>{generator}, Softplus{}, Linear<8, 8>{generator}, GELU{},
                                  Linear<8, 8>{generator}, GELUTanh{}, Linear<8, 4>{generator}});
  check("dropout, softmax",
        Sequential{Linear<6, 8>{generator}, Dropout{0.3, Seed{4}}, Softmax{}, Linear<8, 4>{generator}, LogSoftmax{}});
}

/// A list made of modules that are on the device.
template <class Device>
void check_list(Device device) {
  const Matrix<float> x = numbers(50, 6, 1);
  const std::vector<int> y = labels(50, 4);
  Generator generator;
  const Linear<dynamic, dynamic> first(6, 8, generator), second(8, 4, generator);
  SequentialList<float> list;
  list.add(first).add(Tanh{}).add(second);
  SequentialList<typename decltype(first.to(device))::Scalar> there;
  there.add(first.to(device)).add(Tanh{}).add(second.to(device));
  cross_entropy(list(x), y).backward();
  const auto loss = cross_entropy(there(input(x, device)), classes(y, device));
  loss.backward();
  CHECK(loss.item() == doctest::Approx(cross_entropy(list(x), y).item()));
  CHECK(distance(flat_parameters(there)->gradient.to(cpu), flat_parameters(list)->gradient) <= 1e-5);
}

/// All losses.
template <class Device>
void check_losses(Device device) {
  const Matrix<float> x = numbers(50, 6, 2), target = numbers(50, 4, 3).cwiseAbs();
  const auto check = [&](const char* name, const auto& loss) {
    CAPTURE(name);
    check_training(
        MLP<6, 8, 4>{Seed{5}}, device,
        [&](const auto& net, auto place) { return loss(net(input(x, place)), constant(target, place)); },
        [](auto& net) {
          return SGD{net, {.lr = 0.1}};
        });
  };
  check("mse", [](const auto& y, const auto& t) { return mse_loss(y.var(), t); });
  check("l1", [](const auto& y, const auto& t) { return l1_loss(y.var(), t, Reduction::sum) * 0.01; });
  check("huber", [](const auto& y, const auto& t) { return huber_loss(y.var(), t, {.delta = 0.3}); });
  check("bce", [](const auto& y, const auto& t) { return bce_with_logits(y.var(), t); });
}

/// All optimizers, with what they can be asked for, and clipping.
template <class Device>
void check_optimizers(Device device) {
  const Matrix<float> x = numbers(50, 6, 6);
  const std::vector<int> y = labels(50, 4);
  const auto check = [&](const char* name, const auto& make) {
    CAPTURE(name);
    check_training(
        MLP<6, 8, 4>{Seed{7}}, device,
        [&](const auto& net, auto place) { return cross_entropy(net(input(x, place)), classes(y, place)); }, make);
  };
  check("SGD", [](auto& net) { return SGD{net, {.lr = 0.1, .weight_decay = 0.01}}; });
  check("Nesterov", [](auto& net) { return SGD{net, {.lr = 0.1, .momentum = 0.9, .nesterov = true}}; });
  check("Adam", [](auto& net) { return Adam{net, {.lr = 0.01, .weight_decay = 0.01}}; });
  check("AdamW", [](auto& net) { return AdamW{net, {.lr = 0.01}}; });
  check("RMSprop", [](auto& net) { return RMSprop{net, {.momentum = 0.5, .centered = true}}; });
  check("Adagrad", [](auto& net) { return Adagrad{net, {.initial_accumulator_value = 0.1}}; });
  check("Adadelta", [](auto& net) { return Adadelta{net}; });
}

/// Clipping gives the same norm and gradients.
template <class Device>
void check_clipping(Device device) {
  const Matrix<float> x = numbers(50, 6, 8);
  const std::vector<int> y = labels(50, 4);
  MLP<6, 8, 4> net{Seed{9}};
  auto there = net.to(device);
  const auto both = [&](const auto& f) {
    cross_entropy(net(x), y).backward();
    cross_entropy(there(input(x, device)), classes(y, device)).backward();
    CHECK(f(there) == doctest::Approx(f(net)));
    CHECK(distance(flat_parameters(there)->gradient.to(cpu), flat_parameters(net)->gradient) <= 1e-5);
  };
  both([](auto& n) { return clip_grad_norm(n, 0.01); });
  both([](auto& n) {
    clip_grad_value(n, 0.003);
    return 0.0;
  });
  net.zero_grad();
  there.zero_grad();
  CHECK(flat_parameters(there)->gradient.to(cpu).isZero(0));
}

/// A data set of bytes: full batches scaled, mini-batches by fit, evaluation.
template <class Device>
void check_data(Device device) {
  Generator generator{Seed{10}};
  std::vector<std::uint8_t> pixels(100 * 6), classes_of(100);
  for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(generator.uniform(0, 256));
  for (std::size_t i = 0; i < classes_of.size(); ++i) classes_of[i] = static_cast<std::uint8_t>(pixels[6 * i] / 64);
  const Dataset data{Images(pixels, 100, 2, 3), classes_of};
  const auto data_there = data.to(device);
  CHECK(data_there.size() == 100);
  MLP<6, 8, 4> net{Seed{11}};
  auto there = net.to(device);
  Adam optimizer{net, {.lr = 0.01}};
  Adam optimizer_there{there, {.lr = 0.01}};
  const FitOptions options{.steps = 30, .batch = 32, .seed = Seed{12}};
  const FitResult here_result = fit(net, optimizer, data.images, data.labels, options);
  const FitResult there_result = fit(there, optimizer_there, data_there.images, data_there.labels, options);
  CHECK(there_result.loss == doctest::Approx(here_result.loss).epsilon(1e-3));
  const auto scaled = data.images * (1.0 / 255);
  const auto scaled_there = data_there.images * (1.0 / 255);
  CHECK(distance(there(scaled_there).var().to(cpu), net(scaled).value()) <= 1e-3);
  const Evaluation here_evaluation = evaluate(net, data.images, data.labels);
  const Evaluation there_evaluation = evaluate(there, data_there.images, data_there.labels);
  CHECK(there_evaluation.loss == doctest::Approx(here_evaluation.loss).epsilon(1e-3));
  CHECK(there_evaluation.predicted.size() == 100);
  CHECK(std::abs(there_evaluation.accuracy - here_evaluation.accuracy) <= 0.02);
}

/// Products with transposes on either side, and a transpose by itself.
template <class Device>
void check_transposes(Device device) {
  const Matrix<float> a = numbers(7, 5, 15), b = numbers(6, 5, 16), c = numbers(7, 3, 17);
  const auto results = [&](const auto& x, const auto& y, const auto& z) {
    const auto p = matmul(x, transpose(y));
    const auto q = matmul(transpose(x), z);
    const auto r = matmul(transpose(z), transpose(transpose(x)));
    const auto loss = sum(p * p) + sum(q * transpose(r)) + sum(transpose(y));
    loss.backward();
    return std::vector<Matrix<float>>{p.to(cpu),        q.to(cpu),        r.to(cpu),
                                      x.grad().to(cpu), y.grad().to(cpu), z.grad().to(cpu)};
  };
  const auto there = results(variable(a, device), variable(b, device), variable(c, device));
  const Matrix<float> p = a * b.transpose(), q = a.transpose() * c;
  CHECK(distance(there[0], p) <= 1e-5);
  CHECK(distance(there[1], q) <= 1e-5);
  CHECK(distance(there[2], q.transpose()) <= 1e-5);
  CHECK(distance(there[3], Matrix<float>(2 * p * b + 2 * c * q.transpose())) <= 1e-5);
  CHECK(distance(there[4], Matrix<float>((2 * p.transpose() * a).array() + 1)) <= 1e-5);
  CHECK(distance(there[5], Matrix<float>(2 * a * q)) <= 1e-5);
}

/// Losses of batches that are added up across the end of an epoch.
template <class Device>
void check_batches(Device device) {
  std::vector<std::uint8_t> pixels(11 * 6), classes_of(11);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37 % 251);
  for (std::size_t i = 0; i < classes_of.size(); ++i) classes_of[i] = static_cast<std::uint8_t>(i % 4);
  const Dataset data{Images(pixels, 11, 2, 3), classes_of};
  const auto data_there = data.to(device);
  MLP<6, 8, 4> net{Seed{11}};
  auto there = net.to(device);
  for (const Engine way : {Engine::automatic, Engine::tape}) {
    set_engine(way);
    const auto gradient = [](auto& trained, const auto& table) {
      trained.zero_grad();
      auto batches = tinynet::batches(table, 4);
      std::vector<std::remove_cvref_t<decltype(cross_entropy(trained(table.images), table.labels))>> losses;
      for (int i = 0; i < 7; ++i) {
        const auto [x, y] = batches.next();
        losses.push_back(cross_entropy(trained(x / 255), y));
      }
      auto total = losses[0] + losses[1];
      for (std::size_t i = 2; i < losses.size(); ++i) total = total + losses[i];
      total.backward();
      return flat_parameters(trained)->gradient;
    };
    CHECK(distance(gradient(there, data_there).to(cpu), gradient(net, data)) <= 1e-4);
  }
  set_engine(Engine::automatic);
}

/// Mistakes are told as on the CPU.
template <class Device>
void check_errors(Device device) {
  const MLP<6, 8, 4> net{Seed{13}};
  const auto there = net.to(device);
  const Matrix<float> x = numbers(5, 6, 14);
  const auto x_there = to(x, device);
  const std::vector<int> wrong{0, 1, 7, 2, 3};
  const DeviceLabels wrong_there(wrong, device);
  const char* const out_of_range = "cross_entropy: labels[2] is 7; expected 0..3";
  CHECK_THROWS_WITH_AS(cross_entropy(there(x_there), wrong_there), out_of_range, Error);
  CHECK_THROWS_WITH_AS(cross_entropy(there(x_there), wrong), out_of_range, Error);
  CHECK_THROWS_WITH_AS(cross_entropy(there(x_there), wrong_there.segment(0, 2)),
                       "cross_entropy: expected one label a row of the logits [5, 4], found 2 labels", Error);
  const auto narrow = to(Matrix<float>(x.leftCols(3)), device);
  CHECK_THROWS_AS(there(narrow).var(), Error);
}

/// All of it.
template <class Device>
void check_all(Device device) {
  SUBCASE("modules") { check_modules(device); }
  SUBCASE("a list of modules") { check_list(device); }
  SUBCASE("losses") { check_losses(device); }
  SUBCASE("optimizers") { check_optimizers(device); }
  SUBCASE("clipping") { check_clipping(device); }
  SUBCASE("data") { check_data(device); }
  SUBCASE("transposes") { check_transposes(device); }
  SUBCASE("batches") { check_batches(device); }
  SUBCASE("errors") { check_errors(device); }
}

}  // namespace test::nets
