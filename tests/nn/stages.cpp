#include <doctest/doctest.h>

#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/nn/stages.hpp>

namespace tn = tinynet;

namespace {

struct UserFunction {  // not vectorized
  template <class T>
  T operator()(T x) const {
    return x;
  }
  template <class T>
  T derivative(T, T) const {
    return T(1);
  }
};
struct UserActivation : tn::Activation<UserActivation, UserFunction> {};

template <class... Modules>
constexpr bool is_chain = tn::detail::Fusible<tn::Sequential<Modules...>>;

}  // namespace

static_assert(tn::detail::Fusible<tn::MLP<784, 30, 30, 10>>);
static_assert(tn::detail::Fusible<tn::BasicMLP<double, tn::GELU, 3, 2>>);
static_assert(!tn::detail::Fusible<tn::BasicMLP<float, UserActivation, 3, 4, 2>>);
static_assert(is_chain<tn::Linear<3, 4>, tn::ReLU, tn::Linear<4, 2>, tn::Tanh>);
static_assert(is_chain<tn::Linear<3, 4>, tn::Linear<4, 2>>);
static_assert(!is_chain<tn::ReLU, tn::Linear<3, 4>>);
static_assert(!is_chain<tn::Linear<3, 4>, tn::ReLU, tn::ReLU>);
static_assert(!is_chain<tn::Linear<3, 4>, tn::Dropout, tn::Linear<4, 2>>);
static_assert(!is_chain<tn::Linear<3, 4>, tn::LayerNorm<4>, tn::Linear<4, 2>>);

TEST_CASE("the stages of a net are its layers with the activations between them") {
  const tn::BasicMLP<float, tn::Tanh, 5, 4, 3> net;
  const auto stages = net.stages();
  REQUIRE(stages.size == 2);
  CHECK(stages.stage[0].in == 5);
  CHECK(stages.stage[0].out == 4);
  CHECK(stages.stage[1].in == 4);
  CHECK(stages.stage[1].out == 3);
  CHECK(stages.stage[0].weight == net.layer<0>().weight().data());
  CHECK(stages.stage[1].bias == net.layer<1>().bias().data());
  CHECK(bool(stages.stage[0].function.forward != nullptr));
  CHECK(bool(stages.stage[1].function.forward == nullptr));
}

TEST_CASE("a net with sizes known at run time has stages too, unless it is too deep") {
  const tn::DynamicMLP<float> net({5, 4, 3}, tn::Tanh{});
  const auto stages = net.stages();
  REQUIRE(stages.size == 2);
  CHECK(stages.stage[1].in == 4);
  CHECK(bool(stages.stage[0].function.forward != nullptr));
  CHECK(bool(stages.stage[1].function.forward == nullptr));
  CHECK(tn::DynamicMLP<float>(std::vector<tn::Index>(18, 2)).stages().size == 0);
  CHECK(tn::DynamicMLP<float>(std::vector<tn::Index>(17, 2)).stages().size == 16);
}
