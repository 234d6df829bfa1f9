// Losses of nets on a device by the kernels of the fused step: taken where they can be, and then the same as the
// general operations.
#define EIGEN_USE_THREADS
#include <tinynet/nn/ensemble.hpp>

#include "nets.hpp"

#include "emulated.hpp"

using namespace tinynet;
using namespace test::nets;
using test::emulated;

namespace {

/// The loss, and the gradients of net.to(emulated), by the way that `engine` says; how many took the fused one.
struct Result {
  float loss;
  Eigen::VectorXf gradient;
  int fused;
};
template <class Net, class Loss>
Result compute(const Net& net, Engine way, const Loss& loss) {
  set_engine(way);
  auto there = net.to(emulated);
  there.zero_grad();
  const int before = test::emulated_steps;
  const auto y = loss(there);
  set_engine(Engine::automatic);
  y.backward();
  return {y.item(), flat_parameters(there)->gradient.to(cpu), test::emulated_steps - before};
}

/// Checks that the fused way is taken, or not, and that it makes no difference.
template <class Net, class Loss>
void check_both(const Net& net, bool fused, const Loss& loss) {
  const Result as_it_likes = compute(net, Engine::automatic, loss);
  const Result general = compute(net, Engine::tape, loss);
  CHECK(as_it_likes.fused == (fused ? 1 : 0));
  CHECK(general.fused == 0);
  CHECK(as_it_likes.loss == doctest::Approx(general.loss).epsilon(1e-5));
  CHECK(distance(as_it_likes.gradient, general.gradient) <= 1e-5);
}

const Matrix<float> x = numbers(70, 6, 1);
const std::vector<int> y = labels(70, 4);
const auto x_there = to(x, emulated);

}  // namespace

TEST_CASE("cross entropy of several nets") {
  const auto loss = [](const auto& net) { return cross_entropy(net(x_there), y, {.label_smoothing = 0.1}); };
  Generator generator;
  check_both(MLP<6, 9, 4>{Seed{1}}, true, loss);
  check_both(BasicMLP<float, Tanh, 6, 20, 20, 4>{Seed{2}}, true, loss);
  check_both(Sequential{Linear<6, 8>{generator}, GELU{}, Linear<8, 3>{generator}, Linear<3, 4>{generator}}, true, loss);
  check_both(Sequential{Linear<6, 4>{generator}, Sigmoid{}}, true, loss);
}

TEST_CASE("rows that do not count, and an ensemble") {
  std::vector<int> some = y;
  for (std::size_t i = 0; i < some.size(); i += 2) some[i] = -1;
  check_both(MLP<6, 9, 4>{Seed{1}}, true,
             [&](const auto& net) { return cross_entropy(net(x_there), some, {.ignore_index = -1}); });
  const MLP<6, 9, 4> first{Seed{1}}, second{Seed{2}};
  Ensemble<2, decltype(first.to(emulated))> nets{std::vector{first.to(emulated), second.to(emulated)}};
  const auto losses = cross_entropy(nets(x_there), y);
  CHECK(losses[1].item() == cross_entropy(nets[1](x_there), y).item());
  CHECK(losses[1].item() == doctest::Approx(cross_entropy(second(x), y).item()));
  losses.backward();
  CHECK(nets[0].layer<0>().bias().grad().to(cpu).norm() > 0);
  CHECK_THROWS_WITH(cross_entropy(nets(x_there), DeviceLabels<test::Emulated>(y), {.ignore_index = 1}),
                    "cross_entropy: ignore_index needs labels in the program's memory, not a device's");
}

TEST_CASE("what has no kernels takes the general way") {
  const auto loss = [](const auto& net) { return cross_entropy(net(x_there), y); };
  Generator generator;
  check_both(DynamicMLP<float>({6, 8, 4}), false, loss);
  check_both(Sequential{Linear<6, 8>{generator}, LayerNorm<8>{}, Linear<8, 4>{generator}}, false, loss);
  check_both(Sequential{Linear<6, 8>{generator, Bias{false}}, ReLU{}, Linear<8, 4>{generator}}, false, loss);
  check_both(Sequential{Linear<dynamic, dynamic>{6, 4, generator}}, false, loss);
  test::emulated_shared_bytes = 1000;
  check_both(MLP<6, 9, 4>{Seed{1}}, false, loss);
  test::emulated_shared_bytes = 99 << 10;
  const auto in_double = to(x.cast<double>(), emulated);
  check_both(MLP<6, 9, 4>{Seed{1}}, false, [&](const auto& net) { return cross_entropy(net(in_double), y); });
  check_both(MLP<6, 9, 4>{Seed{1}}, false, [](const auto& net) {
    const auto output = net(x_there);
    CHECK(output.var().to(cpu).allFinite());  // somebody has looked
    return cross_entropy(output, y);
  });
}

TEST_CASE("losses of elements, and in double precision") {
  const Matrix<float> target = numbers(70, 4, 3).cwiseAbs();
  const auto target_there = to(target, emulated);
  const MLP<6, 9, 4> net{Seed{1}};
  check_both(net, true, [&](const auto& n) { return mse_loss(n(x_there), target); });
  check_both(net, true, [&](const auto& n) { return mse_loss(n(x_there), target_there, Reduction::sum); });
  check_both(net, true, [&](const auto& n) { return l1_loss(n(x_there), target_there); });
  check_both(net, true, [&](const auto& n) { return huber_loss(n(x_there), target_there, {.delta = 0.3}); });
  check_both(net, true, [&](const auto& n) { return bce_with_logits(n(x_there), target_there); });
  const auto in_double = to(x.cast<double>(), emulated);
  BasicMLP<double, ReLU, 6, 9, 4> precise{Seed{1}};
  auto there = precise.to(emulated);
  const auto here_loss = cross_entropy(precise(x), y);
  const auto there_loss = cross_entropy(there(in_double), y);
  CHECK(there_loss.item() == doctest::Approx(here_loss.item()).epsilon(1e-14));
  here_loss.backward();
  there_loss.backward();
  CHECK(distance(flat_parameters(there)->gradient.to(cpu), flat_parameters(precise)->gradient) <= 1e-13);
}

TEST_CASE("bytes, scaled and by batches") {
  Generator generator;
  std::vector<std::uint8_t> pixels(70 * 6);
  for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(generator.uniform(0, 256));
  const DeviceDataset<test::Emulated> data{Images(pixels, 70, 2, 3).to(emulated), DeviceLabels(y, emulated)};
  const MLP<6, 9, 4> net{Seed{1}};
  check_both(net, true, [&](const auto& n) { return cross_entropy(n(data.images * (1.0 / 255)), data.labels); });
  auto some = batches(data, 30);
  for (int i = 0; i < 4; ++i) {
    const auto batch = some.next();
    check_both(net, true, [&](const auto& n) { return cross_entropy(n(batch.x * 0.01), batch.y); });
  }
}

TEST_CASE("gradients add up, and are scaled by what follows") {
  const MLP<6, 9, 4> net{Seed{1}};
  const auto once = compute(net, Engine::automatic, [](const auto& n) { return cross_entropy(n(x_there), y); });
  const auto half = compute(net, Engine::automatic, [](const auto& n) { return cross_entropy(n(x_there), y) * 0.5; });
  CHECK(distance(half.gradient, Eigen::VectorXf(0.5f * once.gradient)) <= 1e-6);
  const auto twice = compute(net, Engine::automatic, [](const auto& n) {
    const auto loss = cross_entropy(n(x_there), y);
    loss.backward(RetainGraph{true});
    return loss;
  });
  CHECK(distance(twice.gradient, Eigen::VectorXf(2 * once.gradient)) <= 1e-6);
}

TEST_CASE("mistakes are told before a kernel runs") {
  const auto net = MLP<6, 9, 4>{Seed{1}}.to(emulated);
  const auto narrow = to(Matrix<float>(x.leftCols(3)), emulated);
  const int before = test::emulated_steps;
  CHECK_THROWS_WITH_AS(cross_entropy(net(narrow), y),
                       "linear: the input must have as many columns as the weight [out, in]; found [70, 3] and [9, 6]",
                       Error);
  CHECK_THROWS_WITH_AS(cross_entropy(net(x_there), labels(70, 5)), "cross_entropy: labels[2] is 4; expected 0..3",
                       Error);
  CHECK_THROWS_AS(mse_loss(net(x_there), numbers(70, 3, 1)), Error);
  CHECK(test::emulated_steps == before);
}

namespace {

/// Trains for four steps, looking at the gradients in between or not; the parameters afterwards.
template <class Look>
Eigen::VectorXf train(Look look) {
  auto net = MLP<6, 9, 4>{Seed{1}}.to(emulated);
  Adam optimizer{net, {.lr = 0.01}};
  for (int step = 0; step < 4; ++step) {
    const auto loss = cross_entropy(net(x_there), y);
    optimizer.zero_grad();
    loss.backward();
    look(net, step);
    optimizer.step();
  }
  return optimizer.parameters().value.to(cpu);
}

}  // namespace

TEST_CASE("an optimizer's step is one kernel with the sum of the gradients, unless somebody looks at these") {
  test::emulated_sums = test::emulated_sums_with_step = 0;
  const Eigen::VectorXf expected = train([](auto&, int) {});
  CHECK(test::emulated_sums_with_step == 4);
  CHECK(test::emulated_sums == 0);
  const Eigen::VectorXf looked_at = train([](auto& net, int step) {
    if (step == 1) CHECK(flat_parameters(net)->gradient.to(cpu).norm() > 0);
  });
  CHECK(test::emulated_sums_with_step == 7);
  CHECK(test::emulated_sums == 1);
  CHECK(distance(looked_at, expected) <= 1e-6);
  // Whoever has a view of a gradient sees what becomes of it.
  const Eigen::VectorXf kept =
      train([view = std::optional<detail::DeviceView<detail::On<float, test::Emulated>>>()](auto& net, int) mutable {
        auto& bias = net.template layer<0>().bias();
        if (!view) view.emplace(bias.grad().data(), 1, 9);
        CHECK(view->to(cpu) == bias.grad().to(cpu));
        CHECK(view->to(cpu).norm() > 0);
      });
  CHECK(distance(kept, expected) <= 1e-6);
}

TEST_CASE("two losses of one step, and nets that go before their loss") {
  auto both = MLP<6, 9, 4>{Seed{1}}.to(emulated);
  const auto first = cross_entropy(both(x_there), y), second = mse_loss(both(x_there), numbers(70, 4, 3));
  first.backward();
  second.backward();
  auto one = MLP<6, 9, 4>{Seed{1}}.to(emulated), other = MLP<6, 9, 4>{Seed{1}}.to(emulated);
  cross_entropy(one(x_there), y).backward();
  mse_loss(other(x_there), numbers(70, 4, 3)).backward();
  const Eigen::VectorXf sum = flat_parameters(one)->gradient.to(cpu) + flat_parameters(other)->gradient.to(cpu);
  CHECK(distance(flat_parameters(both)->gradient.to(cpu), sum) <= 1e-6);

  auto gone = std::make_optional(MLP<6, 9, 4>{Seed{1}}.to(emulated));
  const auto loss = cross_entropy((*gone)(x_there), y), another = cross_entropy((*gone)(x_there), y);
  loss.backward();
  gone.reset();
  another.backward();
  CHECK(another.item() == loss.item());
}

namespace {

using There = detail::On<float, test::Emulated>;

/// Trains for so many steps with labels that are there, looking at the loss from time to time; the parameters and the
/// losses seen.
template <class Optimizer, class Data>
std::pair<Eigen::VectorXf, std::vector<float>> train_long(Data& data, int steps, int look_every) {
  auto net = MLP<6, 9, 4>{Seed{1}}.to(emulated);
  Optimizer optimizer{net};
  std::vector<float> losses;
  for (int step = 0; step < steps; ++step) {
    const auto& now = data.next();
    const auto loss = cross_entropy(net(now.x), now.y);
    optimizer.zero_grad();
    loss.backward();
    if (step % look_every == 0) losses.push_back(loss.item());
    optimizer.step();
  }
  return {optimizer.parameters().value.to(cpu), losses};
}

}  // namespace

TEST_CASE_TEMPLATE("the steps of a loop go to the device in graphs, and are the same", Optimizer, SGD<There>,
                   Adam<There>) {
  const DeviceDataset<test::Emulated> bytes{Images(std::vector<std::uint8_t>(70 * 6, 3), 70, 2, 3).to(emulated),
                                            DeviceLabels(y, emulated)};
  const DeviceLabels<test::Emulated> labels_there(y, emulated);
  struct Whole {
    const decltype(x_there)& x;
    const DeviceLabels<test::Emulated>& y;
    const Whole& next() const { return *this; }
  } whole{x_there, labels_there};
  const auto counted = [](const auto& f) {
    test::emulated_launches = test::emulated_launches_in_graphs = 0;
    return f();
  };
  const auto one_by_one = counted([&] { return train_long<Optimizer>(whole, 200, 1); });
  CHECK(test::emulated_launches == 400);
  CHECK(test::emulated_launches_in_graphs == 0);
  const auto in_graphs = counted([&] { return train_long<Optimizer>(whole, 200, 50); });
  CHECK(test::emulated_launches + test::emulated_launches_in_graphs == 400);
  CHECK(test::emulated_launches_in_graphs >= 200);
  CHECK(in_graphs.first == one_by_one.first);
  for (std::size_t i = 0; i < in_graphs.second.size(); ++i) CHECK(in_graphs.second[i] == one_by_one.second[50 * i]);

  auto some = batches(bytes, 10), same = batches(bytes, 10);
  const auto batches_one_by_one = counted([&] { return train_long<Optimizer>(some, 210, 1); });
  const auto batches_in_graphs = counted([&] { return train_long<Optimizer>(same, 210, 1000); });
  CHECK(batches_in_graphs.first == batches_one_by_one.first);
}

namespace {

using Net = decltype(MLP<6, 9, 4>{Seed{1}}.to(emulated));

Net net_there(int number) { return MLP<6, 9, 4>{Seed{static_cast<std::uint64_t>(number)}}.to(emulated); }

/// Trains nets of these numbers together, each with a rate of its own; the parameters of all.
std::vector<Eigen::VectorXf> train_together(const std::vector<int>& numbers, int steps) {
  const DeviceLabels<test::Emulated> labels_there(y, emulated);
  std::vector<Net> list;
  for (const int number : numbers) list.push_back(net_there(number));
  Ensemble<dynamic, Net> nets{std::move(list)};
  std::vector<Adam<There>> optimizers;
  for (std::size_t k = 0; k < numbers.size(); ++k)
    optimizers.emplace_back(nets[static_cast<Index>(k)], AdamOptions{.lr = 0.001 * (1 + numbers[k])});
  for (int step = 0; step < steps; ++step) {
    const auto losses = cross_entropy(nets(x_there), labels_there);
    nets.zero_grad();
    losses.backward();
    for (auto& optimizer : optimizers) optimizer.step();
  }
  std::vector<Eigen::VectorXf> parameters;
  for (const auto& optimizer : optimizers) parameters.push_back(optimizer.parameters().value.to(cpu));
  return parameters;
}

}  // namespace

TEST_CASE("the kernels of an ensemble's nets run at the same time, and compute the same") {
  for (const int count : {2, 3, 16, 20}) {
    CAPTURE(count);
    std::vector<int> numbers;
    for (int k = 0; k < count; ++k) numbers.push_back(k);
    test::emulated_launches_in_graphs = test::emulated_launches_beside = 0;
    const auto together = train_together(numbers, 70);
    CHECK(test::emulated_launches_in_graphs > 70 * count);
    const int launches = count <= 16 ? 1 : 2;  // of each step's two kernels
    CHECK(test::emulated_launches_beside == test::emulated_launches_in_graphs / count * (count - launches));
    for (const int k : numbers) CHECK(together[static_cast<std::size_t>(k)] == train_together({k}, 70)[0]);
  }
}

TEST_CASE("steps that follow each other may use the same memory, and are not beside each other then") {
  const DeviceLabels<test::Emulated> labels_there(y, emulated);
  const Net one = net_there(1), other = net_there(2);
  test::emulated_launches_in_graphs = test::emulated_launches_beside = 0;
  std::optional<Var<There, 1, 1>> last;
  for (int i = 0; i < 64; ++i) {
    cross_entropy(one(x_there), labels_there);
    last = cross_entropy(other(x_there), labels_there);
  }
  CHECK(last->item() == cross_entropy(other(x_there), y).item());
  CHECK(test::emulated_launches_in_graphs > 0);
  CHECK(test::emulated_launches_beside == 0);
}

TEST_CASE("the gradient of a net that was moved since is refused") {
  auto net = MLP<6, 9, 4>{Seed{1}}.to(emulated);
  const auto other = MLP<6, 9, 4>{Seed{2}}.to(emulated);
  const int before = test::emulated_steps;
  const auto loss = cross_entropy(net(x_there), y);
  CHECK(test::emulated_steps == before + 1);
  net = decltype(net)(other);
  CHECK_THROWS_WITH_AS(loss.backward(), doctest::Contains("the parameters have been moved since they were used"),
                       Error);
  CHECK(flat_parameters(net)->gradient.to(cpu).norm() == 0);
}

TEST_CASE("optimizers of the parts of a net on a device do what they do on the CPU") {
  MLP<6, 9, 4> net{Seed{1}};
  auto there = net.to(emulated);
  const auto train = [](auto& trained, const auto& input, auto& all, auto& first, auto& last) {
    for (int step = 0; step < 6; ++step) {
      all.zero_grad();
      cross_entropy(trained(input), y).backward();
      if (step < 2)
        all.step();
      else
        last.step();
      if (step % 2 == 1) first.step();
    }
    last.zero_grad();  // and the other layer's gradient stays
  };
  SGD all{net, {.lr = .1}};
  SGD all_there{there, {.lr = .1}};
  SGD first{net.layer<0>(), {.lr = .2, .momentum = .5}};
  SGD first_there{there.layer<0>(), {.lr = .2, .momentum = .5}};
  Adam last{net.layer<1>()};
  Adam last_there{there.layer<1>()};
  train(net, x, all, first, last);
  const int before = test::emulated_steps;
  train(there, x_there, all_there, first_there, last_there);
  CHECK(test::emulated_steps == before + 6);  // the net is one flat vector still
  CHECK(&last_there.parameters() == &all_there.parameters());
  CHECK(distance(all_there.parameters().value.to(cpu), all.parameters().value) <= 1e-5);
  CHECK(distance(all_there.parameters().gradient.to(cpu), all.parameters().gradient) <= 1e-5);
  CHECK(all_there.parameters().gradient.to(cpu).tail(40).isZero(0));
  CHECK(last_there.state().front().size() == 40);
}

TEST_CASE("an optimizer on a device forgets what rounding kept from numbers that somebody has written") {
  const auto train = [](const auto& net, auto& optimizer, int steps) {
    for (int step = 0; step < steps; ++step) {
      optimizer.zero_grad();
      cross_entropy(net(x_there), y).backward();
      optimizer.step();
    }
  };
  for (const bool as_a_whole : {true, false})
    for (const double lr : {1e9, .1, 1e-9}) {
      if (lr < 1e-6 && !as_a_whole) continue;  // what is written as it was has not been written
      CAPTURE(lr);
      auto net = MLP<6, 9, 4>{Seed{1}}.to(emulated);
      SGD optimizer{net, {.lr = .1}};
      train(net, optimizer, 10);
      const auto best = net;
      optimizer.set_lr(lr);
      train(net, optimizer, 3);
      if (as_a_whole)
        net = best;
      else
        copy(best.layer<0>().weight().data(), best.layer<0>().weight().size() + 9 + 40, net.layer<0>().weight().data());
      optimizer.set_lr(.1);
      train(net, optimizer, 10);
      auto other = best;
      SGD fresh{other, {.lr = .1}};
      train(other, fresh, 10);
      CHECK(optimizer.parameters().value.to(cpu) == fresh.parameters().value.to(cpu));
      CHECK(optimizer.state().back().to(cpu) == fresh.state().back().to(cpu));
    }
}
