// golden_smooth.hpp and golden_wrong.hpp are headers as they shall be written, and are compiled here. With
// TINYNET_WRITE_GOLDEN set the test writes them anew.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <sstream>
#include <tinynet/data/dataset.hpp>
#include <tinynet/io/cpp_header.hpp>

#include "golden_smooth.hpp"
#include "golden_wrong.hpp"
#include "temporary_folder.hpp"

using namespace tinynet;

namespace {

std::string golden_path(const char* name) { return (std::filesystem::path(__FILE__).parent_path() / name).string(); }

std::string text_of(const std::string& path) {
  const test::Bytes bytes = test::read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

// The text without the net's outputs and the tolerance, whose last digits depend on the machine's mathematical
// functions.
std::string without_output(const std::string& text) {
  const std::string line = "example_output[outputs] =\n", next = "\n/// Whether";
  REQUIRE(text.find(line) < text.find(next));
  return text.substr(0, text.find(line)) + text.substr(text.find(next));
}

// Weights that can be written exactly, -2 to 2.
template <class Net>
Net with_simple_weights(Net net) {
  int next = 0;
  for (const auto& tensor : net.state_dict())
    for (Index i = 0; i < tensor.size(); ++i)
      tensor.data[i] = static_cast<typename Net::Scalar>((5 * ++next) % 17 - 8) / 4;
  return net;
}

auto smooth_net() {
  using L = Linear<2, 2>;
  return with_simple_weights(Sequential{Linear<3, 2>{}, LeakyReLU{0.1}, Dropout{0.9}, Tanh{}, L{}, Sigmoid{}, L{},
                                        ELU{0.5}, L{}, Softplus{2, 10}, L{}, SiLU{},
                                        Sequential{L{}, GELU{}, L{Seed{}, Bias{false}}, GELUTanh{}}, L{}, ReLU{}, L{}});
}

Error error_of(const auto& net, const auto& example, const CppHeaderOptions& options = {}) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "net.hpp";
  test::write_bytes(path, test::bytes("old"));
  const Error error = test::error_of([&] { save_cpp_header(path, net, example, options); });
  CHECK(text_of(path) == "old");
  return error;
}

}  // namespace

TEST_CASE("a header is the golden one, which compiles and computes what the net does") {
  auto net = smooth_net();
  const test::TemporaryFolder folder;
  const Matrix<float> example{{0.5f, -1.0f, 2.0f}};
  const CppHeaderOptions options{.name = "golden::smooth", .tolerance = 1e-5};
  save_cpp_header(folder / "net.hpp", net, example, options);
  if (std::getenv("TINYNET_WRITE_GOLDEN") != nullptr)
    save_cpp_header(golden_path("golden_smooth.hpp"), net, example, options);
  CHECK(without_output(text_of(folder / "net.hpp")) == without_output(text_of(golden_path("golden_smooth.hpp"))));

  CHECK(golden::smooth::self_check());
  net.eval();
  bool differ = false;
  for (const float scale : {0.0f, 0.1f, -1.0f, 3.0f, -20.0f}) {
    CAPTURE(scale);
    const Matrix<float> x = scale * example;
    const Matrix<float> y = no_grad([&] { return net(x); }).value();
    float found[golden::smooth::outputs];
    golden::smooth::predict(x.data(), found);
    for (Index i = 0; i < y.size(); ++i) CHECK(found[i] == doctest::Approx(y(i)).epsilon(1e-5));
    differ = differ || std::abs(found[0] - golden::smooth::example_output[0]) > 0.01f;
  }
  CHECK(differ);
}

TEST_CASE("the check finds a wrong output, and a compiler can make it") {
  const auto net = with_simple_weights(BasicMLP<double, ReLU, 2, 2, 1>{});
  const detail::CppLayers<double> layers(net);
  const double input[] = {1, 0.5}, wrong = 0.25;
  const std::string text = detail::cpp_header(layers.get(), input, &wrong, "golden_wrong", 0.001);
  if (std::getenv("TINYNET_WRITE_GOLDEN") != nullptr)
    test::write_bytes(golden_path("golden_wrong.hpp"), test::bytes(text));
  CHECK(text == text_of(golden_path("golden_wrong.hpp")));

  static_assert(!golden_wrong::self_check());
  double found = 0;
  golden_wrong::predict(input, &found);
  CHECK(found == no_grad([&] { return net(Matrix<double>{{1, 0.5}}); }).item());
}

TEST_CASE("what a net takes as input may be the example") {
  const test::TemporaryFolder folder;
  const MLP<4, 3, 2> net{Seed{1}};
  const Images images({0, 51, 102, 153, 255, 204, 153, 0}, 2, 2, 2);
  const Index second[] = {1};
  const Matrix<float> bytes = images.matrix().row(1).cast<float>();
  const auto text = [&](const auto& example) {
    save_cpp_header(folder / "net.hpp", net, example);
    return text_of(folder / "net.hpp");
  };
  CHECK(text(bytes).find("example_input[inputs] =\n    {255.0f, 204.0f, 153.0f, 0.0f};") != std::string::npos);
  CHECK(text(images(second)) == text(bytes));
  CHECK(text(images.matrix().row(1)) == text(bytes));
  CHECK(text(bytes.cast<double>()) == text(bytes));
  CHECK(text(bytes / 255).find("{1.0f, 0.8f, 0.6f, 0.0f}") != std::string::npos);
  CHECK(text(images(second) * (1.0 / 255)).find("{1.0f, 0.8") != std::string::npos);

  // The same layers, in whatever kind of net.
  DynamicMLP<float> dynamic_net{{4, 3, 2}};
  Sequential chain{net.layer<0>(), ReLU{}, net.layer<1>()};
  const auto from = net.state_dict();
  for (std::size_t i = 0; const auto& tensor : dynamic_net.state_dict()) {
    std::copy_n(from[i].data, from[i].size(), tensor.data);
    ++i;
  }
  save_cpp_header(folder / "dynamic.hpp", dynamic_net, bytes);
  CHECK(text_of(folder / "dynamic.hpp") == text(bytes));
  save_cpp_header(folder / "chain.hpp", chain, bytes);
  const auto loops = [](const std::string& all) { return all.substr(all.find("/// y = f")); };
  CHECK(loops(text_of(folder / "chain.hpp")) == loops(text(bytes)));
  CHECK(text_of(folder / "chain.hpp").find("// 2: Linear(in_features=3, out_features=2, bias=True)") !=
        std::string::npos);
}

TEST_CASE("errors name what is wrong, and leave the old file") {
  const MLP<4, 3, 2> net{Seed{1}};
  const Matrix<float> x = Matrix<float>::Ones(1, 4), two = Matrix<float>::Ones(2, 4),
                      short_row = Matrix<float>::Ones(1, 3);
  for (const char* name :
       {"", "7up", "a b", "a-b", "int", "std", "_x", "a__b", "a::", "::a", "a::int", "a:b", "na\xc3\xafve"}) {
    CAPTURE(name);
    const Error error = error_of(net, x, {.name = name});
    CHECK(error.code() == ErrorCode::usage);
    CHECK(test::mentions(error, "expected an identifier of C++ as the name, found '" + std::string(name) + "'"));
  }
  for (const Matrix<float>& example : {two, short_row}) {
    const Error error = error_of(net, example);
    CHECK(error.code() == ErrorCode::usage);
    CHECK(test::mentions(error, "the example must be one row of the net's input"));
    CHECK(test::mentions(error, "[1, 4]"));
  }
  for (const double tolerance : {0.0, -1.0, 1.0, std::nan("")}) {
    CAPTURE(tolerance);
    const Error error = error_of(net, x, {.tolerance = tolerance});
    CHECK(error.code() == ErrorCode::usage);
    CHECK(test::mentions(error, "expected a tolerance above 0 and below the largest output for the example"));
  }

  auto broken = net;
  broken.layer<1>().weight().value()(1, 2) = std::numeric_limits<float>::quiet_NaN();
  Error error = error_of(broken, x);
  CHECK(error.code() == ErrorCode::numeric);
  CHECK(test::mentions(error, "found nan as number 5 of lo.weight"));
  error = error_of(net, Matrix<float>::Constant(1, 4, std::numeric_limits<float>::infinity()));
  CHECK(error.code() == ErrorCode::numeric);
  CHECK(test::mentions(error, "found inf as number 0 of the example"));

  const test::TemporaryFolder folder;
  error = test::error_of([&] { save_cpp_header(folder / "missing/net.hpp", net, x); });
  CHECK(error.code() == ErrorCode::io);
}
