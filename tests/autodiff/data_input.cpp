// What a module of the user's can do with the data that its forward gets: the same as with a value on the tape.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <tinynet/data/batches.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/tinynet.hpp>
#include <type_traits>
#include <vector>

// Not in namespace tinynet, and without using it: the operators are to be found by themselves.
namespace user {

namespace tn = tinynet;

template <class Body>
struct Net : tn::Module<Net<Body>, float> {
  Body body;
  tn::Linear<4, 3> l{tn::Seed{1}};
  tn::Parameter<float, 1, 4> row;
  Eigen::RowVectorXf constant_row = Eigen::RowVectorXf::LinSpaced(4, 1, 2);

  explicit Net(Body function) : body(function) { row.value() << 1, 2, 3, 4; }

  template <class X>
  auto forward(const X& x) const {
    return body(*this, x);
  }
  static void members(auto& self, auto&& visit) {
    visit("l", self.l);
    visit("row", self.row);
  }
  std::string name() const { return "Net"; }
};

const Eigen::MatrixXf m = Eigen::MatrixXf::NullaryExpr(
    5, 4, [](tn::Index r, tn::Index c) { return static_cast<float>((r * 83 + c * 29) % 256); });
const std::array labels{0, 2, 1, 1, 0};

/// Calls the function with each kind of input, and its name.
template <class F>
void for_each_input(const F& f) {
  f(m, "a matrix");
  f(Eigen::Matrix<float, 5, 4>(m), "a matrix that is a temporary, of fixed size");
  f(m.topRows(5), "a block");
  f(m * 1.0f, "an expression");
  f(Eigen::MatrixXd(m.cast<double>()), "doubles");
  f(tn::variable(m), "a variable");
  std::vector<std::uint8_t> bytes;
  for (tn::Index r = 0; r < 5; ++r)
    for (tn::Index c = 0; c < 4; ++c) bytes.push_back(static_cast<std::uint8_t>(m(r, c)));
  const tn::Dataset data{tn::Images(bytes, 5, 2, 2), {0, 2, 1, 1, 0}};
  f(data.images, "images");
  f(data.images({0, 1, 2, 3, 4}), "some images");
  auto batches = tn::batches(data, 5, {.shuffle = false});
  f(batches.next().x, "a batch");
}

template <class Body>
void check(const std::string& name, const Body& body) {
  CAPTURE(name);
  const Net<Body> net(body);
  Net<Body> other = net;
  const Eigen::MatrixXf expected = net(tn::constant(m)).value();
  tn::cross_entropy(net(tn::constant(m)), labels).backward();
  const Eigen::MatrixXf weight_gradient = net.l.weight().grad(), row_gradient = net.row.grad();
  REQUIRE(weight_gradient.norm() > 0);
  for_each_input([&](const auto& x, const char* kind) {
    CAPTURE(kind);
    CHECK(Eigen::MatrixXf(net(x).value()) == expected);
    other.zero_grad();
    tn::cross_entropy(other(x), labels).backward();
    CHECK(other.l.weight().grad() == weight_gradient);
    CHECK(other.row.grad() == row_gradient);
  });
}

}  // namespace user

TEST_CASE("operators and functions on data give what they give on values") {
  using user::check;
  check("x / 255.0", [](const auto& net, const auto& x) { return net.l(x / 255.0); });
  check("x * 2", [](const auto& net, const auto& x) { return net.l(x * 2); });
  check("2 * x", [](const auto& net, const auto& x) { return net.l(2 * x); });
  check("-x", [](const auto& net, const auto& x) { return net.l(-x); });
  check("x + x", [](const auto& net, const auto& x) { return net.l(x + x); });
  check("x - a parameter", [](const auto& net, const auto& x) { return net.l(x - net.row); });
  check("a value - x", [](const auto& net, const auto& x) { return net.l(net.row.var() - x); });
  check("x - an Eigen row", [](const auto& net, const auto& x) { return net.l(x - net.constant_row); });
  check("an Eigen row * x", [](const auto& net, const auto& x) { return net.l(net.constant_row * x); });
  check("1 / (x + 1) - 2", [](const auto& net, const auto& x) { return net.l(1 / (x + 1) - 2); });
  check("functions", [](const auto& net, const auto& x) { return net.l(relu(x - 100) + exp(x / 300)); });
  check("normalised",
        [](const auto& net, const auto& x) { return net.l((x - mean_rows(x)) / sqrt(mean_rows(square(x)) + 1.0)); });
  check("parts",
        [](const auto& net, const auto& x) { return net.l(concat_cols(middle_cols(x, 2, 2), middle_cols(x, 0, 2))); });
  check("a product", [](const auto& net, const auto& x) {
    return net.l(matmul(x, Eigen::MatrixXf(Eigen::MatrixXf::Identity(x.cols(), x.cols()) * 0.5f)));
  });
  check("a variable of its own", [](const auto& net, const auto& x) {
    tinynet::Var<float> h = x * 0.5;
    h = h + x;
    return net.l(h);
  });
}

TEST_CASE("the same in modules of modules") {
  const user::Net net([](const auto& self, const auto& x) { return self.l(x / 255.0 - self.row); });
  const Eigen::MatrixXf expected = net(tinynet::constant(user::m)).value();
  const tinynet::Sequential chain{net};
  tinynet::SequentialList<float> list;
  list.add(net);
  user::for_each_input([&](const auto& x, const char* kind) {
    CAPTURE(kind);
    CHECK(Eigen::MatrixXf(chain(x).value()) == expected);
    CHECK(Eigen::MatrixXf(list(x).value()) == expected);
  });
}

TEST_CASE("data know their shape and their numbers, and want no gradient") {
  const tinynet::DataInput<float, tinynet::dynamic, tinynet::dynamic> x{tinynet::Rows(user::m)};
  CHECK(x.rows() == 5);
  CHECK(x.cols() == 4);
  CHECK(x.shape() == tinynet::Shape{5, 4});
  CHECK_FALSE(x.requires_grad());
  CHECK(x.value() == user::m);
  CHECK(x.to(tinynet::cpu) == user::m);
  CHECK(x.detach().value() == user::m);
}

TEST_CASE("scaled data are still read where they lie") {
  const tinynet::DataInput<float, tinynet::dynamic, tinynet::dynamic> x{tinynet::Rows(user::m)};
  static_assert(std::is_same_v<decltype(x / 255), std::remove_const_t<decltype(x)>>);
  CHECK((x / 4).as_rows().scale() == 0.25);
  CHECK((-(2 * x)).as_rows().scale() == -2);
}
