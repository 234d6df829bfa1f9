#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/nn/normalization.hpp>
#include <type_traits>

using namespace tinynet;

namespace {

// One type for all inputs: each costs seconds to compile.
using Data = Matrix<double, dynamic, 3>;
const Data first{{1, 2, -1}, {3, 0.5, 4}, {-2, 1, 0}, {0.5, -3, 2}};
const Data second{{0, 1, 5}, {2, -1, 3}, {4, 0.25, -2}};

template <class Norm>
void set(Norm& norm) {
  auto state = state_dict(norm);
  MatrixView<double, 1, 3>(state[0].data) << 1.5, -0.5, 2;
  MatrixView<double, 1, 3>(state[1].data) << 0.1, 0.2, -0.3;
}

template <class A, class B>
double distance(const A& actual, const B& expected) {
  return (actual - expected).cwiseAbs().maxCoeff();
}

template <class M>
std::string text(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

}  // namespace

// torch.nn.BatchNorm1d(3, eps=1e-3, momentum=0.2) in float64: first, then second in training mode, then first again
// after eval().
TEST_CASE("BatchNorm1d is PyTorch's") {
  BatchNorm1d<3, double> norm{3, 1e-3, 0.2};
  set(norm);
  CHECK(distance(norm(first).value(),
                 Matrix<double, 4, 3>::Map(std::array{0.41578830733989225, -0.29772232514514696, -2.643082713060724,
                                                      2.0999926131526507, 0.10045553497097062, 2.5637677604075515,
                                                      -2.110518151379246, -0.03227041840106856, -1.6017126183670687,
                                                      -0.0052627691132974275, 1.029537208575245, 0.4810275710202414}
                                               .data())) < 1e-14);
  norm(second).value();
  const auto state = state_dict(norm);
  REQUIRE(state.size() == 4);
  CHECK(state[2].name == "running_mean");
  CHECK(state[3].name == "running_var");
  CHECK(state[3].shape == std::vector<Index>{3});
  CHECK(distance(MatrixView<double, 1, 3>(state[2].data),
                 Matrix<double, 1, 3>{{0.5, 0.03666666666666667, 0.6000000000000001}}) < 1e-15);
  CHECK(distance(MatrixView<double, 1, 3>(state[3].data),
                 Matrix<double, 1, 3>{{2.116666666666667, 1.6008333333333336, 4.026666666666667}}) < 1e-14);

  norm.eval();
  const auto x = variable(first);
  const auto y = norm(x);
  CHECK(distance(y.value(), Matrix<double, 4, 3>::Map(std::array{
                                0.6153858171622809, -0.5756313974994025, -1.894495206380815, 2.6769290858114045,
                                0.016956257635964422, 3.0883023135592316, -2.476929085811405, -0.18057296074249124,
                                -0.8979357023928056, 0.09999999999999998, 1.399660786285154, 1.095183305583213}
                                                          .data())) < 1e-14);
  y.backward(2 * y.value());
  CHECK(distance(x.grad(), Matrix<double, 4, 3>::Map(std::array{
                               1.2686444889930406, 0.4548160800886204, -3.7759544063570525, 5.518605137505554,
                               -0.01339742526982309, 6.155354043531219, -5.106296483775729, 0.14267374318299142,
                               -1.7896927163793983, 0.20615432686491236, -1.1058956044395245, 2.1828306635759103}
                                                         .data())) < 1e-13);
  const auto flat = flat_parameters(norm);
  CHECK(distance(flat->gradient.head(3).transpose(),
                 Matrix<double, 1, 3>{{18.13105086513315, -8.764853576559888, 15.54975467850567}}) < 1e-13);
  CHECK(distance(flat->gradient.tail(3).transpose(),
                 Matrix<double, 1, 3>{{1.8307716343245612, 1.3208253713584492, 2.782109420737648}}) < 1e-13);
  CHECK(state[2].data[0] == 0.5);  // evaluation leaves the running means alone

  norm.train();
  norm(second).value();
  CHECK(state[2].data[0] != 0.5);
}

TEST_CASE("BatchNorm1d of one row has no variance in training, and is fine in evaluation") {
  BatchNorm1d<3, double> norm;
  const Data row = Data::Ones(1, 3);
  CHECK_THROWS_WITH_AS(
      norm(row).value(),
      "BatchNorm1d: expected more than one row in training, found shape [1, 3]; the drop_last of batches "
      "leaves out the last of an epoch if it is smaller",
      Error);
  norm.eval();
  CHECK(norm(row).value()(0, 0) == doctest::Approx(1.0));
}

TEST_CASE("a copy of a BatchNorm1d has running means of its own") {
  BatchNorm1d<3, double> norm;
  BatchNorm1d<3, double> copy(norm);
  norm(first).value();
  CHECK(state_dict(norm)[2].data[0] != 0);
  CHECK(state_dict(copy)[2].data[0] == 0);
}

// torch.nn.LayerNorm(3, eps=1e-3) in float64.
TEST_CASE("LayerNorm is PyTorch's") {
  LayerNorm<3, double> norm{3, 1e-3};
  set(norm);
  CHECK(distance(norm(first).value(),
                 Matrix<double, 4, 3>::Map(std::array{0.5007630668646053, -0.33435075581947366, -2.971753779097367,
                                                      0.6094071234360101, 0.8792094979146803, 1.7376284937440405,
                                                      -1.9038153343230255, -0.33435075581947354, 0.23435075581947357,
                                                      0.5772799999314414, 0.8761466665695419, 1.7682133330362462}
                                               .data())) < 1e-14);
  CHECK(norm(Data(first.topRows<1>())).value() == norm(first).value().topRows<1>());
}

TEST_CASE("print is PyTorch's") {
  CHECK(text(BatchNorm1d<5>{}) ==
        "BatchNorm1d(5, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)");
  CHECK(text(BatchNorm1d<>{5, 1e-3, 0.2}) ==
        "BatchNorm1d(5, eps=0.001, momentum=0.2, affine=True, bias=True, track_running_stats=True)");
  CHECK(text(LayerNorm<5>{}) == "LayerNorm((5,), eps=1e-05, elementwise_affine=True, bias=True)");
  CHECK(text(LayerNorm<>{5, 1e-12}) == "LayerNorm((5,), eps=1e-12, elementwise_affine=True, bias=True)");
}

TEST_CASE("an input of another width is refused with both shapes, and changes nothing") {
  BatchNorm1d<> batch{3};
  LayerNorm<3> layer;
  for (const Index width : {1, 2, 4, 5}) {
    const Matrix<float> x = Matrix<float>::Ones(4, width);
    const std::string what = "_norm: the weight must have one number a column of the input; found [4, " +
                             std::to_string(width) + "] and [1, 3]";
    const std::string of_layer = "layer" + what, of_batch = "batch" + what;
    CHECK_THROWS_WITH_AS(layer(x).value(), of_layer.c_str(), Error);
    CHECK_THROWS_WITH_AS(batch(x).value(), of_batch.c_str(), Error);
    batch.eval();
    CHECK_THROWS_WITH_AS(batch(x).value(), of_batch.c_str(), Error);
    batch.train();
  }
  for (const auto& tensor : state_dict(batch)) CHECK(tensor.size() == 3);
  CHECK(state_dict(batch)[2].data[0] == 0);
}

TEST_CASE("a norm has a positive number of features, the one in its type") {
  static_assert(!std::is_default_constructible_v<LayerNorm<>> && !std::is_default_constructible_v<BatchNorm1d<>>);
  static_assert(std::is_default_constructible_v<LayerNorm<3>> && std::is_default_constructible_v<BatchNorm1d<3>>);
  for (const Index features : {-4, -1, 0}) {
    CHECK_THROWS_AS(LayerNorm<>{features}, Error);
    CHECK_THROWS_AS(BatchNorm1d<>{features}, Error);
  }
  CHECK_THROWS_WITH_AS(LayerNorm<3>{5}, "LayerNorm: expected 3 features, found 5", Error);
  CHECK_THROWS_WITH_AS(BatchNorm1d<3>{2}, "BatchNorm1d: expected 3 features, found 2", Error);
  CHECK_THROWS_WITH_AS(BatchNorm1d<>{0}, "BatchNorm1d: expected a positive number of features, found 0", Error);
}
