#include <doctest/doctest.h>

#include <cmath>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/optim/adadelta.hpp>
#include <tinynet/optim/adagrad.hpp>
#include <tinynet/optim/adam.hpp>
#include <tinynet/optim/clip.hpp>
#include <tinynet/optim/optimizer.hpp>
#include <tinynet/optim/rmsprop.hpp>
#include <tinynet/optim/sgd.hpp>
#include <utility>
#include <vector>

#include "toy.hpp"

using test::Toy;
using tinynet::Adam;
using tinynet::SGD;

TEST_CASE("zero_grad sets all gradients to zero, step counts") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  CHECK(optimizer.steps() == 0);
  const double before = toy.p.value()(0, 36);
  test::set_gradient(toy, 1);
  const double gradient = toy.p.grad()(0, 36);
  REQUIRE(gradient != 0);
  optimizer.step();
  CHECK(toy.p.value()(0, 36) == before - 0.5 * gradient);
  CHECK(optimizer.steps() == 1);
  optimizer.zero_grad();
  CHECK((toy.p.grad().array() == 0).all());
  optimizer.step();
  CHECK(toy.p.value()(0, 36) == before - 0.5 * gradient);
  CHECK(optimizer.steps() == 2);
}

TEST_CASE("a learning rate that is changed counts from the next step on") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  CHECK(optimizer.lr() == 0.5);
  optimizer.set_lr(0.25);
  const double before = toy.p.value()(0, 0);
  toy.p.grad().setConstant(2);
  optimizer.step();
  CHECK(toy.p.value()(0, 0) == before - 0.5);
}

TEST_CASE("a training that is taken up again is as if it had not stopped") {
  Toy<double> toy, other;
  Adam optimizer{toy, {.lr = 0.02}}, resumed{other, {.lr = 0.02}};
  test::train(toy, optimizer, 0, 10);
  other = toy;
  resumed.restore(optimizer.steps(), optimizer.state());
  CHECK(resumed.steps() == 10);
  test::train(toy, optimizer, 10, 20);
  test::train(other, resumed, 10, 20);
  CHECK(other.p.value() == toy.p.value());

  // Without the state it is not.
  Toy<double> third;
  Adam fresh{third, {.lr = 0.02}};
  test::train(third, fresh, 0, 10);
  Adam again{third, {.lr = 0.02}};
  test::train(third, again, 10, 20);
  CHECK(third.p.value() != toy.p.value());
}

TEST_CASE("a state of another size is refused, and nothing is changed") {
  Toy<double> toy;
  Adam optimizer{toy};
  test::train(toy, optimizer, 0, 3);
  const auto state = optimizer.state();
  using State = std::vector<Adam<double>::Vector>;
  const char* const text = "Optimizer: the state is not one of this optimizer";
  CHECK_THROWS_WITH_AS(optimizer.restore(1, State{}), text, tinynet::Error);
  CHECK_THROWS_WITH_AS(optimizer.restore(1, State{state[0], state[1].head(36)}), text, tinynet::Error);
  CHECK_THROWS_WITH_AS(optimizer.restore(-1, state), text, tinynet::Error);
  CHECK(optimizer.steps() == 3);
  CHECK(optimizer.state() == state);
}

TEST_CASE("momenta that die away become 0, not numbers the processor is slow with") {
  Toy<float> toy;
  SGD optimizer{toy, {.lr = 0.5, .momentum = 0.5}};
  toy.p.grad().setConstant(1e-20f);
  optimizer.step();
  toy.p.grad().setZero();
  for (int step = 0; step < 58; ++step) optimizer.step();  // to 3.5e-38
  CHECK(optimizer.state()[0].minCoeff() > 3e-38f);
  bool subnormal = false;
  for (int step = 0; step < 40; ++step) {
    optimizer.step();
    for (const float number : optimizer.state()[0]) subnormal |= std::fpclassify(number) == FP_SUBNORMAL;
  }
  CHECK_FALSE(subnormal);
  CHECK(optimizer.state()[0].isZero(0));
}

TEST_CASE("an optimizer stays with the parameters of a net that moves") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  const Toy<double> moved = std::move(toy);
  const double before = moved.p.value()(0, 5);
  moved.p.grad().setConstant(1);
  optimizer.step();
  CHECK(moved.p.value()(0, 5) == before - 0.5);
}

namespace {
struct Empty : tinynet::Module<Empty, float> {};
}  // namespace

TEST_CASE("a module without parameters cannot be optimised") {
  Empty empty;
  CHECK_THROWS_WITH_AS(SGD{empty}, "flat_parameters: this module has no parameters", tinynet::Error);
}

namespace {

struct Pair : tinynet::Module<Pair, double> {
  Toy<double> first, second;
  static void members(auto& self, auto&& visit) {
    visit("first", self.first);
    visit("second", self.second);
  }
  std::string name() const { return "Pair"; }
};

void set_gradients(Pair& pair) {
  pair.first.p.grad().setConstant(3);
  pair.second.p.grad().setConstant(4);
}

}  // namespace

TEST_CASE("two optimizers for two parts of a net, whose gradients are clipped together") {
  Pair pair;
  SGD one{pair.first, {.lr = 1.0}}, other{pair.second, {.lr = 0.5}};
  const double before_one = pair.first.p.value()(0, 0), before_other = pair.second.p.value()(0, 0);
  set_gradients(pair);
  const auto count = static_cast<double>(pair.first.p.size());
  CHECK(tinynet::clip_grad_norm(pair, 1.0) == doctest::Approx(std::sqrt(count * (9 + 16))));
  CHECK(pair.first.p.grad()(0, 0) == doctest::Approx(3 / std::sqrt(count * 25)));
  tinynet::clip_grad_value(pair, 1e-3);
  one.step();
  other.step();
  CHECK(pair.first.p.value()(0, 0) == doctest::Approx(before_one - 1e-3));
  CHECK(pair.second.p.value()(0, 0) == doctest::Approx(before_other - 0.5e-3));
}

TEST_CASE("the gradients of a part are clipped where they lie") {
  Pair pair;
  SGD all{pair, {.lr = 1.0}};
  set_gradients(pair);
  tinynet::clip_grad_value(pair.second, 0.5);
  CHECK(pair.second.p.grad()(0, 0) == 0.5);
  CHECK(pair.first.p.grad()(0, 0) == 3);
  const double before = pair.second.p.value()(0, 0);
  all.step();
  CHECK(pair.second.p.value()(0, 0) == before - 0.5);
}

TEST_CASE("an optimizer that has lost parameters says so") {
  Pair pair;
  SGD part{pair.first, {.lr = 1.0}};
  part.step();
  SGD all{pair, {.lr = 1.0}};
  all.step();
  CHECK_THROWS_WITH_AS(part.step(), doctest::Contains("do not lie with it any more"), tinynet::Error);
  SGD again{pair, {.lr = 1.0}};  // of the same parameters: both change them
  all.step();
  again.step();

  pair.second = Toy<double>();  // another net in the place of a part
  CHECK_THROWS_AS(all.step(), tinynet::Error);
  SGD anew{pair, {.lr = 1.0}};
  anew.step();
  const Pair other;
  pair = other;  // numbers, in place
  anew.step();
}

TEST_CASE("nets and their optimizers may be moved, together and apart") {
  std::vector<Pair> nets(3);
  std::vector<SGD<double>> optimizers;
  for (Pair& net : nets) optimizers.emplace_back(net, tinynet::SGDOptions{.lr = 1.0});
  nets.erase(nets.begin());
  optimizers.erase(optimizers.begin());
  std::swap(nets[0], nets[1]);
  std::swap(optimizers[0], optimizers[1]);
  nets.emplace_back();
  for (std::size_t i = 0; i < 2; ++i) {
    set_gradients(nets[i]);
    const double before = nets[i].first.p.value()(0, 0);
    optimizers[i].step();
    CHECK(nets[i].first.p.value()(0, 0) == before - 3);
  }
}

TEST_CASE("after a step there is no gradient of a loss before it that its parameters are factors of") {
  Toy<double> toy;
  SGD optimizer{toy, {.lr = 0.5}};
  const auto loss = sum(toy.p * toy.p);
  optimizer.step();
  CHECK_THROWS_WITH_AS(loss.backward(), doctest::Contains("has changed since it was used"), tinynet::Error);
  sum(toy.p * toy.p).backward();
}

TEST_CASE("options that make no sense are refused") {
  Toy<double> toy;
  const double nan = std::nan("");
  CHECK_THROWS_WITH_AS((SGD{toy, {.lr = -1}}), "SGD: lr: expected a finite number, 0 or more, found -1",
                       tinynet::Error);
  CHECK_THROWS_AS((SGD{toy, {.lr = nan}}), tinynet::Error);
  CHECK_THROWS_AS((SGD{toy, {.weight_decay = -1e-9}}), tinynet::Error);
  CHECK_THROWS_WITH_AS((Adam{toy, {.beta1 = 1}}),
                       "Adam: beta1: expected a finite number, 0 or more and below 1, found 1", tinynet::Error);
  CHECK_THROWS_AS((tinynet::AdamW{toy, {.beta2 = 2}}), tinynet::Error);
  CHECK_THROWS_AS((tinynet::RMSprop{toy, {.alpha = -0.5}}), tinynet::Error);
  CHECK_THROWS_AS((tinynet::Adagrad{toy, {.lr_decay = -1}}), tinynet::Error);
  CHECK_THROWS_AS((tinynet::Adadelta{toy, {.eps = nan}}), tinynet::Error);
  SGD still{toy, {.lr = 0}};
  still.step();
}

namespace {

using Net = tinynet::MLP<3, 16, 2>;

tinynet::Matrix<float> inputs() {
  tinynet::Matrix<float> x(20, 3);
  for (tinynet::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i * 7 % 13 - 6) / 4;
  return x;
}

template <class Optimizer>
void train(const Net& net, Optimizer& optimizer, int steps) {
  static const auto x = inputs();
  std::vector<int> y(20);
  for (int i = 0; i < 20; ++i) y[static_cast<std::size_t>(i)] = i * i % 7 % 2;
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    cross_entropy(net(x), y).backward();
    optimizer.step();
  }
}

tinynet::FlatParameters<float>::Vector numbers(Net& net) { return tinynet::flat_parameters(net)->value; }

}  // namespace

TEST_CASE("what rounding kept is forgotten with the numbers that it was kept from") {
  // `put` writes the parameters of the best net into one that has gone astray, and it is trained as by a new optimizer.
  const auto check = [](const char* name, double lr, const auto& put) {
    CAPTURE(name);
    CAPTURE(lr);
    Net net{tinynet::Seed{3}};
    SGD optimizer{net, {.lr = .1}};
    train(net, optimizer, 20);
    const Net best = net;
    optimizer.set_lr(lr);
    train(net, optimizer, 3);
    optimizer.set_lr(.1);
    if (lr > 1 && lr < 1e20) train(net, optimizer, 5);
    put(net, best);
    train(net, optimizer, 20);

    Net other = best;
    SGD fresh{other, {.lr = .1}};
    train(other, fresh, 20);
    CHECK(numbers(net).allFinite());
    CHECK(numbers(net) == numbers(other));
    CHECK(optimizer.state() == fresh.state());
  };
  const auto assign = [](Net& net, const Net& best) { net = best; };
  const auto through_views = [](Net& net, const Net& best) {
    net.layer<0>().weight().value() = best.layer<0>().weight().value();
    net.layer<0>().bias().value() = best.layer<0>().bias().value();
    net.layer<1>().weight().value() = best.layer<1>().weight().value();
    net.layer<1>().bias().value() = best.layer<1>().bias().value();
  };
  const auto by_pointers = [](Net& net, const Net& best) {
    const auto from = state_dict(best);
    const auto to = state_dict(net);
    for (std::size_t i = 0; i < to.size(); ++i) std::copy_n(from[i].data, from[i].size(), to[i].data);
  };
  const auto flat = [](Net& net, const Net& best) {
    Net copy = best;
    tinynet::flat_parameters(net)->value = tinynet::flat_parameters(copy)->value;
  };
  for (const double lr : {1e30, 1e9, 1.0, .1}) {
    check("assignment", lr, assign);
    check("value()", lr, through_views);
    check("data()", lr, by_pointers);
    check("flat", lr, flat);
  }
  check("assignment after steps that hardly move anything", 1e-9, assign);
}

TEST_CASE("a view that is kept may be written at any time") {
  Net net{tinynet::Seed{3}};
  auto weight = net.layer<0>().weight().value();
  SGD optimizer{net, {.lr = .1}};
  train(net, optimizer, 5);
  for (int round = 0; round < 3; ++round) {
    weight(2, 1) = 0.25f;
    weight(3, 2) += 1;
    Net other = net;
    SGD fresh{other, {.lr = .1}};
    train(net, optimizer, 1);
    train(other, fresh, 1);
    CHECK(net.layer<0>().weight().value()(2, 1) == other.layer<0>().weight().value()(2, 1));
    CHECK(net.layer<0>().weight().value()(3, 2) == other.layer<0>().weight().value()(3, 2));
  }
}

TEST_CASE("reading the parameters changes nothing, and neither does asking for the state") {
  Net net{tinynet::Seed{3}}, other{tinynet::Seed{3}};
  SGD optimizer{net, {.lr = .1}}, unseen{other, {.lr = .1}};
  for (int step = 0; step < 30; ++step) {
    train(net, optimizer, 1);
    train(other, unseen, 1);
    CHECK(net.layer<0>().weight().value().norm() > 0);
    CHECK(state_dict(net)[0].data[0] < 10);
    CHECK(optimizer.state().back().size() == 98);
  }
  CHECK(numbers(net) == numbers(other));
  CHECK(optimizer.state() == unseen.state());
  CHECK_FALSE(optimizer.state().back().isZero(0));  // something has been kept
}

TEST_CASE("two optimizers of the same parameters each start from the numbers that the other left") {
  Toy<float> toy, other;
  SGD one{toy, {.lr = .01}}, two{toy, {.lr = .03}};
  for (int t = 0; t < 40; ++t) {
    SGD fresh{other, {.lr = t % 2 == 0 ? .01 : .03}};
    test::set_gradient(toy, t);
    test::set_gradient(other, t);
    (t % 2 == 0 ? one : two).step();
    fresh.step();
  }
  CHECK(toy.p.value() == other.p.value());
}

TEST_CASE("momenta stay when the parameters are written, as PyTorch's") {
  Toy<float> toy, other;
  SGD optimizer{toy, {.lr = .1, .momentum = .9}};
  test::train(toy, optimizer, 0, 5);
  toy = other;
  const auto before = optimizer.state().front();
  CHECK_FALSE(before.isZero(0));
  toy.p.grad().setZero();
  optimizer.step();
  const auto expected = other.p.value() - .1f * .9f * before.transpose();
  CHECK((toy.p.value() - expected).cwiseAbs().maxCoeff() < 1e-6f);
}

TEST_CASE("pruned weights stay exactly 0") {
  const auto check = [](auto make, int before) {
    Net net{tinynet::Seed{3}};
    auto optimizer = make(net);
    train(net, optimizer, before);
    const auto masked = [&](auto& weight, auto change) {
      for (tinynet::Index i = 0; i < weight.size(); ++i)
        if (i % 3 != 0) change(i);
    };
    auto& weight = net.layer<0>().weight();
    masked(weight, [&](tinynet::Index i) { weight.data()[i] = 0; });
    static const auto x = inputs();
    for (int step = 0; step < 50; ++step) {
      optimizer.zero_grad();
      mse_loss(net(x), tinynet::Matrix<float>::Ones(20, 2)).backward();
      masked(weight, [&](tinynet::Index i) { weight.gradient_data()[i] = 0; });
      optimizer.step();
      tinynet::Index wrong = 0;
      masked(weight, [&](tinynet::Index i) { wrong += weight.data()[i] != 0; });
      CHECK(wrong == 0);
    }
  };
  for (const int before : {0, 1, 30}) {
    check([](Net& net) { return SGD{net, {.lr = .1}}; }, before);
    check([](Net& net) { return SGD{net, {.lr = .1, .weight_decay = .01}}; }, before);
    check([](Net& net) { return SGD{net.layer<0>(), {.lr = .1}}; }, before);
    check([](Net& net) { return tinynet::Adagrad{net, {.lr = .1}}; }, before);
    check([](Net& net) { return tinynet::RMSprop{net, {.lr = .01}}; }, before);
  }
  // With a momentum only if it has none yet: PyTorch's moves them on, too.
  check([](Net& net) { return Adam{net, {.lr = .01}}; }, 0);
  check([](Net& net) { return tinynet::AdamW{net, {.lr = .01}}; }, 0);
}

TEST_CASE("a step of 0 leaves exactly the parameter") {
  Toy<float> toy;
  SGD optimizer{toy, {.lr = .01}};
  test::train(toy, optimizer, 0, 20);
  const Eigen::RowVectorXf before = toy.p.value();
  toy.p.grad().setZero();
  for (int step = 0; step < 5; ++step) optimizer.step();
  CHECK(toy.p.value() == before);
}
