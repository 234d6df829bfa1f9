// Numbers that change between net(x) and backward(). They are looked at in builds with assertions, as this one is.
#undef NDEBUG
#include <doctest/doctest.h>

#include <cstdint>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/tinynet.hpp>
#include <vector>

#include "../autodiff/testing.hpp"

using namespace tinynet;

namespace {

const char* const message =
    "net(x): the numbers of x have changed since net(x), which reads them where they lie until backward(); change them "
    "only after that, or give a copy: net(constant(x))";
const std::vector<int> labels{0, 1, 2, 1, 0, 2};

struct GeneralWay {
  GeneralWay() { set_engine(Engine::tape); }
  ~GeneralWay() { set_engine(Engine::automatic); }
};

/// Checks that a change of x by `change` is seen between net(x) and the loss, and between that and backward() on the
/// way that reads x again.
template <class X, class Change>
void check_change(X& x, const Change& change) {
  const MLP<4, 5, 3> net{Seed{1}};
  {
    const auto y = net(x);
    change();
    CHECK(test::usage_error([&] { (void)cross_entropy(y, labels); }) == message);
    CHECK(test::usage_error([&] { (void)y.value(); }) == message);
  }
  const GeneralWay tape;
  const auto loss = cross_entropy(net(x), labels);
  change();
  CHECK(test::usage_error([&] { loss.backward(); }) == message);
}

template <class Number, int Order>
void check_matrix() {
  using M = Eigen::Matrix<Number, Eigen::Dynamic, Eigen::Dynamic, Order>;
  M x = M::NullaryExpr(6, 4, [](Index r, Index c) { return static_cast<Number>(7 * r + c + 1); });
  check_change(x, [&] { x.array() += Number(1); });
  check_change(x, [&] { x(5, 3) += Number(1); });
  check_change(x, [&] { x(0, 0) += Number(1); });
  check_change(x, [&] { x.row(2).swap(x.row(3)); });
  if constexpr (!std::is_same_v<Number, std::uint8_t>) check_change(x, [&] { x = -x.eval(); });
  M large = M::Constant(9, 9, Number(1));
  auto block = large.block(2, 3, 6, 4);
  check_change(block, [&] { large(4, 5) += Number(1); });
}

}  // namespace

TEST_CASE("a buffer that is filled anew is seen, whatever it is") {
  check_matrix<float, Eigen::RowMajor>();
  check_matrix<float, Eigen::ColMajor>();
  check_matrix<double, Eigen::RowMajor>();
  check_matrix<double, Eigen::ColMajor>();
  check_matrix<std::uint8_t, Eigen::RowMajor>();
}

TEST_CASE("a matrix that has got other memory is seen, and the old memory is not read") {
  Eigen::MatrixXf x = Eigen::MatrixXf::Random(6, 4);
  check_change(x, [&] { x = Eigen::MatrixXf(Eigen::MatrixXf::Random(6, 4)); });
  check_change(x, [&] {
    x.resize(600, 4);
    x.resize(6, 4);
    x.setRandom();
  });
}

TEST_CASE("a list of rows that changes is seen") {
  const Images images(std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 2, 2);
  std::vector<Index> which{0, 1, 2, 0, 1, 2};
  const MLP<4, 3> net;
  const auto y = net(images(which));
  which[3] = 1;
  CHECK(test::usage_error([&] { (void)y.value(); }) == message);
}

TEST_CASE("who leaves the numbers alone hears nothing, and those around a block may change") {
  Matrix<float> large = Matrix<float>::Constant(9, 9, 1);
  const MLP<4, 5, 3> net;
  const GeneralWay tape;
  const auto loss = cross_entropy(net(large.block(2, 3, 6, 4)), labels);
  large.row(1).setConstant(3);
  large.col(8).setConstant(3);
  CHECK_NOTHROW(loss.backward());
}

TEST_CASE("the fused step has read its input when there is a loss: then it may change") {
  Matrix<float> x = Matrix<float>::Random(6, 4);
  MLP<4, 5, 3> net, other = net;
  cross_entropy(other(x), labels).backward();
  const auto loss = cross_entropy(net(x), labels);
  x.setZero();
  CHECK_NOTHROW(loss.backward());
  CHECK(flat_parameters(net)->gradient == flat_parameters(other)->gradient);
}

TEST_CASE("a copy on the tape is no concern of the buffer's") {
  const GeneralWay tape;
  Matrix<float> x = Matrix<float>::Random(6, 4);
  MLP<4, 5, 3> net, other = net;
  cross_entropy(other(x), labels).backward();
  const auto loss = cross_entropy(net(constant(x)), labels);
  x.setZero();
  loss.backward();
  CHECK((flat_parameters(net)->gradient - flat_parameters(other)->gradient).norm() <= 1e-6f);
}
