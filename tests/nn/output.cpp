#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/sequential.hpp>
#include <type_traits>
#include <utility>
#include <vector>

using namespace tinynet;

namespace {

// 6 rows of whole numbers from 0 to 255, so that every type of number can hold them.
Matrix<float> make_input() {
  Matrix<float> x(6, 5);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i * 83 % 256);
  return x;
}
const Matrix<float> x = make_input();
const std::array labels{0, 2, 1, 1, 0, 2};

using Net = MLP<5, 4, 3>;
using Vector = FlatParameters<float>::Vector;

template <class X, class L>
Vector gradient(Net& net, const X& input, const L& classes) {
  flat_parameters(net)->gradient.setZero();
  cross_entropy(net(input), classes).backward();
  return flat_parameters(net)->gradient;
}

}  // namespace

TEST_CASE("an input of any kind gives the numbers of a plain matrix") {
  const Net net{Seed{1}};
  const Matrix<float> expected = net(x).value();
  REQUIRE(expected.norm() > 0);
  const Eigen::MatrixXf columns = x;
  CHECK(net(columns).value() == expected);
  CHECK(net(x.cast<double>().eval()).value() == expected);
  CHECK(net(Eigen::MatrixXd(x.cast<double>())).value() == expected);
  CHECK(net(Matrix<std::uint8_t>(x.cast<std::uint8_t>())).value() == expected);
  CHECK(net(Eigen::Matrix<float, 6, 5>(x)).value() == expected);
  CHECK(net(Eigen::ArrayXXf(x)).value() == expected);
  CHECK(net(Eigen::Map<const Matrix<float>>(x.data(), 6, 5)).value() == expected);

  Eigen::MatrixXf large = Eigen::MatrixXf::Constant(9, 11, 7);
  large.block(2, 3, 6, 5) = x;
  CHECK(net(large.block(2, 3, 6, 5)).value() == expected);
  CHECK(net(large.middleRows(2, 6).middleCols<5>(3)).value() == expected);
  const Eigen::Ref<const Eigen::MatrixXf> reference = large.block(2, 3, 6, 5);
  CHECK(net(reference).value() == expected);
  using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  CHECK(net(Eigen::Map<const Eigen::MatrixXf, 0, Stride>(large.data() + 2 + 3 * 9, 6, 5, Stride(9, 1))).value() ==
        expected);

  CHECK(net(x * 1.0f).value() == expected);
  CHECK(net((columns.array() + 1 - 1).matrix()).value() == expected);
  CHECK(net(columns.transpose().transpose()).value() == expected);
  CHECK(net(x.row(3)).value().isApprox(expected.row(3), 1e-6f));  // a row alone is summed in another order
  CHECK(net(x.colwise().reverse()).value() == expected.colwise().reverse());

  const Matrix<std::uint8_t> bytes = x.cast<std::uint8_t>();
  const Images images({bytes.data(), bytes.data() + bytes.size()}, 6, 1, 5);
  CHECK(net(images).value() == expected);
  const std::vector<Index> which{4, 0, 0};
  CHECK(net(images(which)).value().row(0) == expected.row(4));
  CHECK(net(images(which)).value().row(2) == expected.row(0));
  CHECK(net(constant(x)).value() == expected);
}

TEST_CASE("labels of any whole type") {
  Net net{Seed{1}};
  for (const Engine way : {Engine::automatic, Engine::tape}) {
    set_engine(way);
    const float expected = cross_entropy(net(x), labels).item();
    const auto loss = [&](const auto& classes) { return cross_entropy(net(x), classes).item(); };
    CHECK(loss(std::vector<int>(labels.begin(), labels.end())) == expected);
    CHECK(loss(std::vector<std::uint8_t>(labels.begin(), labels.end())) == expected);
    CHECK(loss(std::vector<long>(labels.begin(), labels.end())) == expected);
    CHECK(loss(std::vector<std::size_t>(labels.begin(), labels.end())) == expected);
    CHECK(loss(std::span<const int>(labels)) == expected);
    const short raw[] = {0, 2, 1, 1, 0, 2};
    CHECK(loss(raw) == expected);
  }
  set_engine(Engine::automatic);
}

TEST_CASE("wrong labels and widths are refused, either way") {
  Net net{Seed{1}};
  for (const Engine way : {Engine::automatic, Engine::tape}) {
    set_engine(way);
    const auto loss = [&](const auto& classes) { return cross_entropy(net(x), classes).item(); };
    CHECK_THROWS_WITH_AS(loss(std::vector<int>{0, 1, 3, 0, 0, 7}), "cross_entropy: labels[2] is 3; expected 0..2",
                         Error);
    CHECK_THROWS_WITH_AS(loss(std::vector<int>{0, 1, 2, -1, 0, 0}), "cross_entropy: labels[3] is -1; expected 0..2",
                         Error);
    CHECK_THROWS_WITH_AS(loss(std::vector<std::size_t>{0, 1, 2, 0, 0, SIZE_MAX}),
                         "cross_entropy: labels[5] is 18446744073709551615; expected 0..2", Error);
    CHECK_THROWS_WITH_AS(loss(std::vector<int>{0, 1, 2}),
                         "cross_entropy: expected one label a row of the logits [6, 3], found 3 labels", Error);
    const Matrix<float> wide = Matrix<float>::Ones(6, 7);
    const char* const text =
        "linear: the input must have as many columns as the weight [out, in]; found [6, 7] and [4, 5]";
    CHECK_THROWS_WITH_AS(net(wide).value(), text, Error);
    CHECK_THROWS_WITH_AS(cross_entropy(net(wide), labels), text, Error);
  }
  set_engine(Engine::automatic);
}

TEST_CASE("a temporary matrix as input trains correctly") {
  Net net{Seed{1}};
  const Matrix<float> twice = x * 2;
  const Vector expected = gradient(net, twice, labels);
  REQUIRE(expected.norm() > 0);
  flat_parameters(net)->gradient.setZero();
  const auto loss = cross_entropy(net(x * 2), labels);
  const auto other = cross_entropy(net(Matrix<float>(x * 3)), labels);  // would overwrite what is not kept
  loss.backward();
  CHECK((flat_parameters(net)->gradient - expected).norm() <= 1e-6f * expected.norm());
  CHECK(other.item() != loss.item());
}

TEST_CASE("an output is computed once, when it is looked at") {
  const Sequential net{Linear<5, 40>{Seed{1}}, Dropout{0.5, Seed{2}}, Linear<40, 3>{Seed{3}}};
  const auto y = net(x);
  CHECK_FALSE(y.is_computed());
  const Matrix<float> first = y.value();
  CHECK(y.is_computed());
  CHECK(y.value() == first);
  CHECK(Matrix<float>(y) == first);
  CHECK((y + 0.0).value() == first);
  CHECK(cross_entropy(y, labels).item() == cross_entropy(constant(first), labels).item());
  CHECK(net(x).value() != first);  // another output, another mask

  std::ostringstream out, expected;
  out << y;
  expected << first;
  CHECK(out.str() == expected.str());
  CHECK(y.rows() == 6);
  CHECK(y.cols() == 3);
}

TEST_CASE("what no_grad returns was computed with nothing recorded") {
  const Net net{Seed{1}};
  const auto y = no_grad([&] { return net(x); });
  CHECK(y.is_computed());
  CHECK_FALSE(y.var().requires_grad());
  CHECK(net(x).var().requires_grad());
}

TEST_CASE("the value of a temporary output is a copy, of another one a view") {
  const Net net{Seed{1}};
  const auto y = net(x);
  const auto view = y.value();
  auto copy = net(x).value();
  static_assert(std::is_same_v<decltype(copy), Matrix<float, dynamic, 3>>);
  CHECK(view.data() == y.value().data());
  CHECK(copy == view);
  const Eigen::MatrixXd converted = net(x);
  CHECK(converted == view.cast<double>());
}

TEST_CASE("one row with nothing recorded takes the short way, with the numbers of the long one") {
  const Net net{Seed{1}};
  const DynamicMLP<double> deep({5, 40, 30, 20, 2}, Softplus{}, Seed{2});
  const Matrix<float> expected = net(x).value();
  const Matrix<double> expected_deep = deep(x).value();
  const NoGrad guard;
  for (Index r = 0; r < x.rows(); ++r) {
    const auto y = net(x.row(r));
    CHECK((y.value() - expected.row(r)).norm() <= 1e-5f * expected.row(r).norm());
    CHECK_FALSE(y.var().requires_grad());
    CHECK(y.shape() == Shape{1, 3});
    CHECK((deep(x.row(r)).value() - expected_deep.row(r)).norm() <= 1e-13 * expected_deep.row(r).norm());
    CHECK(net(Matrix<std::uint8_t>(x.row(r).cast<std::uint8_t>())).value() == y.value());
  }
  set_engine(Engine::tape);
  CHECK((net(x.row(1)).value() - expected.row(1)).norm() <= 1e-5f * expected.row(1).norm());
  set_engine(Engine::automatic);
  const std::string text =
      "linear: the input must have as many columns as the weight [out, in]; found [1, 4] and [4, 5]";
  CHECK_THROWS_WITH_AS(net(x.row(0).leftCols(4)).value(), text.c_str(), Error);
}

TEST_CASE("what a temporary gives owns what it needs") {
  const Net net{Seed{1}};
  const Matrix<float> expected = net(x).value();
  const auto& var = net(x).var();
  const auto& input = net(x).input();
  const auto copy = net(x).value();
  const auto of_a_temporary = Net{Seed{1}}(x);
  static_assert(!std::is_reference_v<decltype(net(x).var())> && !std::is_reference_v<decltype(net(x).input())>);
  const auto numbers = relu(net(x)).value();
  const auto gradient = variable(Matrix<float>(Matrix<float>::Ones(50, 50))).grad();
  const auto& weight = Net{Seed{1}}.layer<0>().weight();
  const auto& other = Linear<5, 4>{Seed{1}}.weight();
  const auto bias = Linear<5, 4>{Seed{1}}.bias().value();
  const auto& function = ELU{0.5}.function();
  const auto& module = Sequential{Linear<5, 4>{Seed{1}}, ReLU{}}.get<0>();
  const std::vector<Matrix<float>> overwritten(50, Matrix<float>::Constant(6, 3, 7));
  CHECK(var.value() == expected);
  CHECK(input.rows() == 6);
  CHECK(copy == expected);
  CHECK(of_a_temporary.value() == expected);
  CHECK(numbers == expected.cwiseMax(0));
  CHECK(gradient.isZero());
  CHECK(weight.value() == net.layer<0>().weight().value());
  CHECK(other.value() == Linear<5, 4>{Seed{1}}.weight().value());
  CHECK(bias == Linear<5, 4>{Seed{1}}.bias().value());
  CHECK(function.alpha == 0.5);
  CHECK(module.weight().value() == other.value());
}

TEST_CASE("the output of a temporary net can still be trained through") {
  const auto make = [&] {
    Net net{Seed{1}};
    return std::pair(flat_parameters(net), std::move(net)(x));
  };
  const auto [parameters, y] = make();
  cross_entropy(y, labels).backward();
  Net net{Seed{1}};
  CHECK((parameters->gradient - gradient(net, x, labels)).norm() <= 1e-5f);
}
