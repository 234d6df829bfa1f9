// Eigen's own allocations are seen through its assertions, those by `new` are counted.
#define EIGEN_RUNTIME_NO_MALLOC
#include <stdexcept>
#define eigen_assert(condition) ((condition) ? void() : throw std::logic_error("Eigen: " #condition))
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/module.hpp>
#include <vector>

#include "../core/count_news.hpp"

using namespace tinynet;

namespace {

// A module as a user would write it.
struct Gated : Module<Gated, float> {
  Linear<4, 8> in;
  Linear<8, 3> out;
  Parameter<float, 1, 3> scale{1, 3, 1};
  Matrix<float, 1, 2> notes = Matrix<float, 1, 2>::Zero();

  explicit Gated(Generator& generator) : in(generator), out(generator) { scale.value().setOnes(); }

  template <class X>
  auto forward(const X& x) const {
    return out.forward(tanh(in.forward(x))) * scale;
  }
  static void members(auto& self, auto&& visit) {
    visit("in", self.in);
    visit("out", self.out);
    visit("scale", self.scale);
    visit("notes", self.notes);
  }
  std::string name() const { return "Gated"; }
};

Gated make_gated() {
  Generator generator{Seed{2}};
  return Gated(generator);
}

const Matrix<float> x = Matrix<float>::Random(9, 4);
const std::vector<int> labels{0, 1, 2, 0, 1, 2, 0, 1, 2};

}  // namespace

TEST_CASE("a module of one's own has names, a print and a count") {
  auto net = make_gated();
  std::vector<std::string> names;
  for (const auto& tensor : state_dict(net)) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"in.weight", "in.bias", "out.weight", "out.bias", "scale", "notes"});
  CHECK(state_dict(net)[4].shape == std::vector<Index>{3});
  CHECK(parameter_count(net) == 40 + 27 + 3);
  std::ostringstream out;
  out << net;
  CHECK(out.str() ==
        "Gated(\n"
        "  (in): Linear(in_features=4, out_features=8, bias=True)\n"
        "  (out): Linear(in_features=8, out_features=3, bias=True)\n"
        ")");
}

TEST_CASE("PyTorch's members: parameters, zero_grad, state_dict") {
  auto net = make_gated();
  const auto parameters = net.parameters();
  REQUIRE(parameters.size() == 5);
  CHECK(parameters[0] == &net.in.weight());
  CHECK(parameters[4] == &net.scale);

  const Eigen::VectorXi classes = Eigen::VectorXi::Map(labels.data(), 9);
  cross_entropy(net(x), classes).backward();
  for (const auto* parameter : parameters)
    CHECK(Eigen::Map<const Eigen::VectorXf>(parameter->gradient_data(), parameter->size()).norm() > 0);
  net.zero_grad();
  for (const auto* parameter : parameters)
    CHECK(Eigen::Map<const Eigen::VectorXf>(parameter->gradient_data(), parameter->size()).norm() == 0);

  const Gated& same = net;
  CHECK(net.state_dict().size() == 6);
  CHECK(net.state_dict()[5].name == "notes");
  CHECK(same.state_dict()[0].data == static_cast<const float*>(net.in.weight().data()));

  MLP<4, 8, 3> fused{Seed{1}};
  const float loss = cross_entropy(fused(x), classes).item();
  CHECK(loss == cross_entropy(fused(x), labels).item());
  CHECK(fused.parameters().size() == 4);
}

TEST_CASE("a module of one's own trains, all of it") {
  auto net = make_gated();
  SGD optimizer{net, {.lr = 0.5}};
  CHECK(optimizer.parameters().size() == 70);
  CHECK(state_dict(net)[4].data == optimizer.parameters().value.data() + 67);
  const auto before = optimizer.parameters().value;
  float first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    const auto loss = cross_entropy(net(x), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    (step == 0 ? first : last) = loss.item();
  }
  CHECK(last < 0.3f * first);
  CHECK(((optimizer.parameters().value - before).array() != 0).all());
  CHECK(net.scale.value()(0, 0) != 1);
}

TEST_CASE("a copy has numbers of its own") {
  auto net = make_gated();
  auto copy = net;
  const auto flat = flat_parameters(copy);
  CHECK(flat->size() == 70);
  CHECK(flat->value == flat_parameters(net)->value);
  flat->value.setZero();
  copy.notes.setOnes();
  CHECK(net.in.weight().value().norm() > 0);
  CHECK(net.notes.norm() == 0);
}

TEST_CASE("the state of a const module is const, and a view of the same numbers") {
  auto net = make_gated();
  const Gated& same = net;
  const auto state = state_dict(same);
  static_assert(std::is_same_v<decltype(state[0].data), const float* const> ||
                std::is_same_v<std::remove_cvref_t<decltype(state[0].data)>, const float*>);
  const auto before = state[0].data[0];
  state_dict(net)[0].data[0] += 1;
  CHECK(state[0].data[0] == before + 1);
}

TEST_CASE("after the first call neither inference nor a training step allocates") {
  MLP<4, 8, 3> net{Seed{1}};
  SGD optimizer{net, {.lr = 0.01, .momentum = 0.9}};
  const Eigen::MatrixXf columns = x;
  float sum = 0;
  const auto infer = [&] {
    const NoGrad guard;
    const auto y = net(x), z = net(columns);
    sum += y.value()(0, 0) + z.value()(1, 1);
  };
  const auto train = [&] {
    const auto loss = cross_entropy(net(columns), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    sum += loss.item();
  };
  const auto allocations = [&](const auto& call) {
    call();
    const std::size_t before = test::news;
    Eigen::internal::set_is_malloc_allowed(false);
    for (int i = 0; i < 3; ++i) call();
    Eigen::internal::set_is_malloc_allowed(true);
    return test::news - before;
  };
  for (const Engine way : {Engine::automatic, Engine::tape}) {
    set_engine(way);
    CHECK(allocations(infer) == 0);
    CHECK(allocations(train) == 0);
  }
  set_engine(Engine::automatic);
  CHECK(std::isfinite(sum));

  // The counting counts (a compiler may leave out a vector, but not a call of these).
  CHECK(allocations([] { ::operator delete(::operator new(100)); }) == 3);
  CHECK_THROWS_AS(allocations([&] { sum += Eigen::MatrixXf(columns * columns.transpose())(0, 0); }), std::logic_error);
  Eigen::internal::set_is_malloc_allowed(true);
}

TEST_CASE("nothing is recorded inside no_grad") {
  const MLP<4, 8, 3> net{Seed{1}};
  const auto y = no_grad([&] { return net(x).var(); });
  CHECK_FALSE(y.requires_grad());
  CHECK(net(x).var().requires_grad());
  CHECK(y.value() == net(x).value());
}

TEST_CASE("nothing is recorded of an output that was made under no_grad and is computed later") {
  const MLP<4, 8, 3> net{Seed{1}};
  const Matrix<float> two = x.replicate(2, 1);
  const std::vector<int> classes(static_cast<std::size_t>(two.rows()), 1);
  const auto quiet = [&] {
    const NoGrad guard;
    return net(two);
  };
  CHECK_FALSE(quiet().var().requires_grad());
  CHECK_FALSE(cross_entropy(quiet(), classes).requires_grad());
  CHECK(cross_entropy(net(two), classes).requires_grad());
  CHECK_FALSE(net(two).detach().requires_grad());
  CHECK(net(two).detach().value() == net(two).value());
}

namespace {

struct Tied : Module<Tied> {
  explicit Tied(Generator& generator) : layer(4, 4, generator) {}
  Linear<dynamic, dynamic> layer;
  static void members(auto& self, auto&& visit) {
    for (int i = 0; i < 2; ++i) visit("layers." + std::to_string(i), self.layer);
  }
  std::string name() const { return "Tied"; }
};

}  // namespace

TEST_CASE("a layer under two names, made while visiting, has its parameters once") {
  Generator generator(Seed{0});
  Tied net(generator);
  net.eval();
  CHECK(parameter_count(net) == 20);
  const auto flat = flat_parameters(net);
  CHECK(flat->size() == 20);
  CHECK(flat_parameters(net) == flat);
  CHECK(net.state_dict().size() == 4);
}
