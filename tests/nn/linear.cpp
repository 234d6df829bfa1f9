#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <tinynet/nn/linear.hpp>

using namespace tinynet;

namespace {

template <class A, class B>
bool same(const A& actual, const B& expected) {
  return std::equal(actual.data(), actual.data() + actual.size(), expected.begin(), expected.end());
}

template <class M>
std::string text(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

}  // namespace

// torch.manual_seed(7); torch.nn.Linear(5, 3)
TEST_CASE("initial weights are PyTorch's, bit for bit") {
  constexpr std::array<float, 15> weight{0x1.ffc3e4p-6f,  -0x1.13dd3cp-2f, 0x1.23a454p-3f,  0x1.1f63b8p-3f,
                                         -0x1.e9861cp-3f, -0x1.128b06p-4f, -0x1.0c472ap-2f, 0x1.db4c7ap-4f,
                                         -0x1.ed6c98p-4f, 0x1.41b970p-2f,  0x1.451712p-2f,  0x1.7535b4p-5f,
                                         -0x1.86772cp-3f, -0x1.0cfaeap-2f, -0x1.925518p-5f};
  constexpr std::array<float, 3> bias{-0x1.01c216p-3f, 0x1.93b0a2p-3f, -0x1.8709f8p-2f};
  const Linear<5, 3> fixed{Seed{7}};
  CHECK(same(fixed.weight().value(), weight));
  CHECK(same(fixed.bias().value(), bias));
  const Linear<> sized{5, 3, Seed{7}};
  CHECK(same(sized.weight().value(), weight));
  CHECK(same(sized.bias().value(), bias));
  const Linear<5, 3, double> wide{Seed{7}};  // the same numbers, so that float and double start alike
  CHECK(same(wide.weight().value(), weight));
  CHECK(same(wide.bias().value(), bias));
  CHECK_FALSE(same(Linear<5, 3>{Seed{8}}.weight().value(), weight));
}

// torch.manual_seed(2**33 + 5); torch.nn.Linear(2, 2): the generator takes 32 bits of the seed.
TEST_CASE("a seed of more than 32 bits") {
  constexpr std::array<float, 6> expected{0x1.de417cp-2f, -0x1.0eb980p-1f, 0x1.270a20p-1f,
                                          0x1.cf4dc8p-2f, 0x1.302ff8p-1f,  -0x1.15941ap-1f};
  const Linear<2, 2> layer{Seed{(std::uint64_t{1} << 33) + 5}};
  CHECK(std::equal(expected.begin(), expected.begin() + 4, layer.weight().data()));
  CHECK(std::equal(expected.begin() + 4, expected.end(), layer.bias().data()));
}

TEST_CASE("a generator goes on where the last layer stopped") {
  Generator generator{Seed{7}};
  const Linear<5, 3> first{generator}, second{generator};
  CHECK(first.weight().value() == Linear<5, 3>{Seed{7}}.weight().value());
  CHECK(second.weight().value() != first.weight().value());
  // Without a bias nothing is drawn for it.
  Generator other{Seed{7}};
  const Linear<5, 3> bare{other, Bias{false}};
  CHECK(bare.weight().value() == first.weight().value());
  CHECK(other.bits() != generator.bits());
}

TEST_CASE("y = x W^T + b, and the gradients") {
  Linear<3, 2, double> layer;
  layer.weight().value() << 1, 2, 3, -1, 0.5, 2;
  layer.bias().value() << 10, -20;
  const auto x = variable(Matrix<double, 2, 3>{{1, 0, -1}, {2, 4, 0.5}});
  const auto y = layer(x);
  CHECK(y.value() == Matrix<double, 2, 2>{{8, -23}, {21.5, -19}});
  y.backward(Matrix<double, 2, 2>{{1, 2}, {0, -1}});
  CHECK(layer.weight().grad() == Matrix<double, 2, 3>{{1, 0, -1}, {0, -4, -2.5}});
  CHECK(layer.bias().grad() == Matrix<double, 1, 2>{{1, 1}});
  CHECK(x.grad() == Matrix<double, 2, 3>{{-1, 3, 7}, {1, -0.5, -2}});
}

TEST_CASE("without a bias") {
  Linear<3, 2, double> layer{Seed{0}, Bias{false}};
  CHECK_FALSE(layer.has_bias());
  layer.weight().value() << 1, 2, 3, -1, 0.5, 2;
  const auto x = variable(Matrix<double, 1, 3>{{1, 0, -1}});
  const auto y = layer(x);
  CHECK(y.value() == Matrix<double, 1, 2>{{-2, -3}});
  y.backward(Matrix<double, 1, 2>{{1, 2}});
  CHECK(x.grad() == Matrix<double, 1, 3>{{-1, 3, 7}});
  CHECK(state_dict(layer).size() == 1);
}

TEST_CASE("names, sizes and print are PyTorch's") {
  Linear<> layer{4, 3};
  CHECK(layer.in_features() == 4);
  CHECK(layer.out_features() == 3);
  CHECK(parameter_count(layer) == 15);
  const auto state = state_dict(layer);
  REQUIRE(state.size() == 2);
  CHECK(state[0].name == "weight");
  CHECK(state[0].shape == std::vector<Index>{3, 4});
  CHECK(state[1].name == "bias");
  CHECK(state[1].shape == std::vector<Index>{3});
  CHECK(text(layer) == "Linear(in_features=4, out_features=3, bias=True)");
  CHECK(text(Linear<4, 3>{Seed{}, Bias{false}}) == "Linear(in_features=4, out_features=3, bias=False)");
}

TEST_CASE("sizes that make no sense are refused") {
  CHECK_THROWS_WITH_AS((Linear<>{0, 3}), "Linear: expected a positive size, found 0", Error);
  CHECK_THROWS_WITH_AS((Linear<>{4, -1}), "Linear: expected a positive size, found -1", Error);
  CHECK_THROWS_WITH_AS((Linear<4, dynamic>{5, 3}), "Linear: expected 4, found 5", Error);
  CHECK_THROWS_WITH_AS((Linear<>{4, 3}.forward(variable(Matrix<float>::Ones(2, 5).eval()))),
                       "linear: the input must have as many columns as the weight [out, in]; found [2, 5] and [3, 4]",
                       Error);
}

TEST_CASE("layers that are made without a seed are those that PyTorch makes one after another") {
  manual_seed(3);
  const Linear<4, 4> a, b;
  const Linear<> c{4, 4};
  const auto d = std::make_unique<Linear<4, 4>>(Bias{false});
  const auto e = std::make_unique<Linear<>>(4, 4, Bias{false});
  Generator generator{Seed{3}};
  for (const auto* const layer : {&a, &b}) {
    const Linear<4, 4> expected{generator};
    CHECK(layer->weight().value() == expected.weight().value());
    CHECK(layer->bias().value() == expected.bias().value());
  }
  const Linear<> third{4, 4, generator};
  const auto fourth = std::make_unique<Linear<>>(4, 4, generator, Bias{false});
  const auto fifth = std::make_unique<Linear<>>(4, 4, generator, Bias{false});
  CHECK(c.weight().value() == third.weight().value());
  CHECK(d->weight().value() == fourth->weight().value());
  CHECK(e->weight().value() == fifth->weight().value());
  CHECK_FALSE(d->has_bias());
  CHECK_FALSE(e->has_bias());
  CHECK(a.weight().value() != b.weight().value());
  manual_seed(Seed{3});
  CHECK(Linear<4, 4>{}.weight().value() == a.weight().value());
}
