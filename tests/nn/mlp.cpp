#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/sgd.hpp>
#include <vector>

using namespace tinynet;

namespace {

template <class M>
std::string text(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

template <class Net>
auto& weights(Net& net) {
  return flat_parameters(net)->value;
}

}  // namespace

// torch.manual_seed(123); torch.nn.Sequential(Linear(4, 3), ReLU(), Linear(3, 2)), all parameters in order
TEST_CASE("initial weights are PyTorch's, bit for bit") {
  constexpr std::array<float, 23> expected{
      -0x1.a19010p-3f, 0x1.0f5b40p-6f,  -0x1.fc9410p-3f, 0x1.822a10p-3f,  -0x1.b44090p-2f, 0x1.775188p-2f,
      -0x1.742468p-2f, -0x1.970fbcp-2f, -0x1.4386b4p-2f, 0x1.cfc350p-3f,  -0x1.7a5c28p-3f, 0x1.7f31c8p-3f,
      -0x1.b28ca8p-2f, -0x1.36a47cp-2f, -0x1.77fd00p-3f, -0x1.d0bc30p-4f, -0x1.c3028ap-2f, 0x1.831ddep-2f,
      -0x1.16d992p-3f, 0x1.7b8a46p-3f,  0x1.a21166p-2f,  0x1.b894d6p-4f,  0x1.4354f0p-3f};
  const auto same = [&](const auto& numbers) {
    return std::equal(numbers.data(), numbers.data() + numbers.size(), expected.begin(), expected.end());
  };
  MLP<4, 3, 2> net{Seed{123}};
  CHECK(same(weights(net)));
  BasicMLP<double, ReLU, 4, 3, 2> wide{Seed{123}};
  CHECK(same(weights(wide)));
  DynamicMLP<> sized{{4, 3, 2}, ReLU{}, Seed{123}};
  CHECK(same(weights(sized)));
  Generator generator{Seed{123}};
  MLP<4, 3, 2> drawn{generator}, next{generator};
  CHECK(same(weights(drawn)));
  CHECK_FALSE(same(weights(next)));
}

TEST_CASE("names, shapes and print are PyTorch's") {
  MLP<4, 3, 5, 2> net;
  DynamicMLP<> sized{{4, 3, 5, 2}};
  const std::vector<std::string> names{"l1.weight", "l1.bias", "l2.weight", "l2.bias", "lo.weight", "lo.bias"};
  const std::vector<std::vector<Index>> shapes{{3, 4}, {3}, {5, 3}, {5}, {2, 5}, {2}};
  const auto check = [&](auto& any) {
    const auto flat = flat_parameters(any);
    const auto state = state_dict(any);
    REQUIRE(state.size() == 6);
    Index offset = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(state[i].name == names[i]);
      CHECK(state[i].shape == shapes[i]);
      CHECK(state[i].data == flat->value.data() + offset);
      offset += state[i].size();
    }
    CHECK(flat->size() == offset);
    CHECK(parameter_count(any) == offset);
    CHECK(text(any) ==
          "MLP(\n"
          "  (l1): Linear(in_features=4, out_features=3, bias=True)\n"
          "  (l2): Linear(in_features=3, out_features=5, bias=True)\n"
          "  (lo): Linear(in_features=5, out_features=2, bias=True)\n"
          ")");
  };
  check(net);
  check(sized);
  const MLP<4, 2> one;
  CHECK(state_dict(one)[0].name == "lo.weight");
}

TEST_CASE("MLP, Sequential, SequentialList and DynamicMLP are the same net, bit for bit") {
  using Net = BasicMLP<float, Tanh, 4, 3, 2>;
  Net net{Seed{5}};
  DynamicMLP<> sized{{4, 3, 2}, Tanh{}, Seed{5}};
  Generator first{Seed{5}}, second{Seed{5}};
  Sequential chain{Linear<4, 3>{first}, Tanh{}, Linear<3, 2>{first}};
  SequentialList<float> list;
  list.add(Linear<4, 3>{second}).add(Tanh{});
  list.add(Linear<3, 2>{second});

  const Matrix<float> x = Matrix<float>::Random(7, 4);
  const std::vector<int> labels{0, 1, 1, 0, 1, 0, 0};
  const auto train = [&](auto& any) {
    SGD optimizer{any, {.lr = 0.1, .momentum = 0.9}};
    for (int step = 0; step < 5; ++step) {
      const auto loss = cross_entropy(any(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
    return weights(any);
  };
  const auto before = weights(net);
  const auto expected = train(net);
  CHECK(expected != before);
  CHECK(train(sized) == expected);
  CHECK(train(chain) == expected);
  CHECK(train(list) == expected);
  CHECK(sized(x).value() == net(x).value());
}

TEST_CASE("a copy is deep, assignment in place, and a moved net keeps its optimizer") {
  const auto check = [](auto net, const auto& other) {
    auto copy = net;
    REQUIRE(weights(copy) == weights(net));
    weights(copy).setZero();
    CHECK(weights(net).norm() > 0);

    SGD optimizer{copy, {.lr = 0.5}};
    copy = net;
    CHECK(&weights(copy) == &optimizer.parameters().value);
    CHECK(weights(copy) == weights(net));

    auto moved = std::move(copy);
    CHECK(&weights(moved) == &optimizer.parameters().value);
    optimizer.parameters().gradient.setOnes();
    optimizer.step();
    CHECK(weights(moved)(3) == weights(net)(3) - 0.5f);
    moved = other;
    CHECK(&weights(moved) == &optimizer.parameters().value);
  };
  check(MLP<4, 3, 2>{Seed{1}}, MLP<4, 3, 2>{Seed{2}});
  check(DynamicMLP<>{{4, 3, 2}, ReLU{}, Seed{1}}, DynamicMLP<>{{4, 3, 2}, ReLU{}, Seed{2}});

  // A net of other sizes takes the place of the old one, flat.
  DynamicMLP<> net{{4, 3, 2}};
  const DynamicMLP<> larger{{5, 6, 7, 2}, Tanh{}, Seed{1}};
  net = larger;
  CHECK(text(net) == text(larger));
  CHECK(flat_parameters(net)->size() == parameter_count(larger));
}

TEST_CASE("an activation with a number of its own") {
  const Matrix<float> x = Matrix<float>::Random(3, 4);
  BasicMLP<float, LeakyReLU, 4, 3, 2> net{Seed{1}, LeakyReLU{1.0}};  // linear
  const auto& l1 = net.layer<0>();
  const auto& lo = net.layer<1>();
  const Matrix<float> hidden = (x * l1.weight().value().transpose()).rowwise() + l1.bias().value();
  const Matrix<float> y = (hidden * lo.weight().value().transpose()).rowwise() + lo.bias().value();
  CHECK((net(x).value() - y).cwiseAbs().maxCoeff() < 1e-6f);
  CHECK(net.activation().function().slope == 1);
}

TEST_CASE("sizes that make no sense are refused") {
  CHECK_THROWS_WITH_AS(DynamicMLP<>{std::vector<Index>{784}}, "DynamicMLP: expected at least two sizes, found 1",
                       Error);
  CHECK_THROWS_WITH_AS((DynamicMLP<>{{4, 0, 2}}), "Linear: expected a positive size, found 0", Error);
}

TEST_CASE("nets that are made without a seed differ, and the first has seed 0's weights") {
  manual_seed(0);
  const MLP<4, 3, 2> a, b;
  const DynamicMLP<float> c{{4, 3, 2}}, d{{4, 3, 2}, Tanh{}};
  Generator generator{Seed{0}};
  const MLP<4, 3, 2> first{generator}, second{generator};
  const DynamicMLP<float> third{{4, 3, 2}, ReLU{}, generator}, fourth{{4, 3, 2}, Tanh{}, generator};
  const auto check = [](const auto& x, const auto& y) { CHECK(x.value() == y.value()); };
  check(a.layer<1>().weight(), first.layer<1>().weight());
  check(b.layer<0>().weight(), second.layer<0>().weight());
  check(b.layer<1>().bias(), second.layer<1>().bias());
  check(c.layers()[1].weight(), third.layers()[1].weight());
  check(d.layers()[0].weight(), fourth.layers()[0].weight());
  check(first.layer<0>().weight(), MLP<4, 3, 2>{Seed{0}}.layer<0>().weight());
  CHECK(a.layer<0>().weight().value() != b.layer<0>().weight().value());
  CHECK(c.layers()[0].weight().value() != d.layers()[0].weight().value());
}
