#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <tinynet/io/cpp_layers.hpp>

#include "temporary_folder.hpp"

using namespace tinynet;
using detail::cpp_expression;
using detail::cpp_number;

TEST_CASE("a number's literal has its type and gives it back") {
  CHECK(cpp_number(1.0f) == "1.0f");
  CHECK(cpp_number(-0.0) == "-0.0");
  CHECK(cpp_number(0.1f) == "0.1f");
  CHECK(cpp_number(0.1) == "0.1");
  CHECK(cpp_number(1e30f) == "1e+30f");
  CHECK(cpp_number(-1e-30) == "-1e-30");
  using Limits = std::numeric_limits<float>;
  for (const float number : {1.0f / 3, -16777217.0f, Limits::min(), Limits::max(), Limits::denorm_min()})
    CHECK(std::strtof(cpp_number(number).c_str(), nullptr) == number);
  CHECK(std::strtod(cpp_number(1.0 / 3).c_str(), nullptr) == 1.0 / 3);
}

TEST_CASE("the options of an activation are in its expression") {
  CHECK(cpp_expression<float>(functions::LeakyReLU(0.2)) == "v > 0 ? v : v * 0.2f");
  CHECK(cpp_expression<double>(functions::ELU(1.5)) == "v > 0 ? v : 1.5 * std::expm1(v)");
  CHECK(cpp_expression<float>(functions::Softplus(4, 8)) ==
        "v * 4.0f > 8.0f ? v : std::log1p(std::exp(v * 4.0f)) * 0.25f");
}

TEST_CASE("layers have their paths, and the functions after them") {
  Generator generator{Seed{0}};
  const Sequential net{Sequential{Linear<4, 3>{generator}, ReLU{}, Tanh{}}, Dropout{},
                       BasicMLP<float, Sigmoid, 3, 2, 1>{generator}};
  const detail::CppLayers<float> list(net);
  const auto& layers = list.get();
  REQUIRE(layers.size() == 3);
  CHECK(layers[0].name == "0.0");
  CHECK(layers[0].description == "Linear(in_features=4, out_features=3, bias=True)");
  CHECK(layers[0].in == 4);
  CHECK(layers[0].out == 3);
  CHECK(layers[0].weight == net.get<0>().get<0>().weight().data());
  CHECK(layers[0].bias == net.get<0>().get<0>().bias().data());
  CHECK(layers[0].functions == std::vector<std::string>{"v < 0 ? 0 : v", "std::tanh(v)"});
  CHECK(layers[1].name == "2.l1");
  CHECK(layers[1].functions == std::vector<std::string>{"1 / (1 + std::exp(-v))"});
  CHECK(layers[2].name == "2.lo");
  CHECK(layers[2].functions.empty());

  const DynamicMLP<double> run_time{{5, 4, 3, 2}, activation_by_name("silu")};
  const detail::CppLayers<double> others(run_time);
  REQUIRE(others.get().size() == 3);
  CHECK(others.get()[1].functions == std::vector<std::string>{"v / (1 + std::exp(-v))"});
  CHECK(others.get()[2].in == 3);

  const Linear<2, 1> alone{Seed{0}, Bias{false}};
  CHECK(detail::CppLayers<float>(alone).get().front().bias == nullptr);
}

TEST_CASE("the first layer must be linear") {
  const Sequential net{LeakyReLU{0.5}, Linear<2, 1>{}};
  const Error error = test::error_of([&] { detail::CppLayers<float> layers(net); });
  CHECK(error.code() == ErrorCode::usage);
  CHECK(test::mentions(error, "expected a linear layer as the first, found LeakyReLU(negative_slope=0.5)"));
}
