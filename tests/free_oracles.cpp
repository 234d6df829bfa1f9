// What must hold of a training whatever the numbers are, so that no reference is needed: what softmax and cross entropy
// conserve, what no pixel reaches, and what becomes of permuted, repeated, divided and rescaled data and nets. For the
// fused step and for the tape, in float and in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <tinynet/core/engine.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "main_net.hpp"

namespace tn = tinynet;
using tn::Index;

namespace {

template <class Scalar>
using Net = test::MainNet<Scalar>;
template <class Scalar>
using Vector = test::FlatVector<Scalar>;
using test::distance, test::gradient;
using Labels = std::vector<std::uint8_t>;

const tn::Dataset& digits() {  // in two parts, of 150 and of 151 rows
  static const auto data = tn::synthetic_digits(301, 0).first;
  return data;
}

// How far rounding may part what is equal.
template <class Scalar>
constexpr double tolerance = std::is_same_v<Scalar, float> ? 1e-5 : 1e-12;
template <class Scalar>
constexpr double drift_tolerance = std::is_same_v<Scalar, float> ? 1e-6 : 1e-12;

// Calls check() with each engine, which must be the one that is used.
template <class Check>
void with_both_engines(const Check& check) {
  for (const auto engine : {tn::Engine::fused, tn::Engine::tape}) {
    tn::set_engine(engine);
    INFO(std::string(engine == tn::Engine::fused ? "by the fused step" : "by the tape"));
    check();
  }
  tn::set_engine(tn::Engine::automatic);
}

Labels labels_of(const std::vector<Index>& rows) {
  Labels labels;
  for (const Index row : rows) labels.push_back(digits().labels[static_cast<std::size_t>(row)]);
  return labels;
}

std::vector<Index> range(Index begin, Index end) {
  std::vector<Index> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

// A parameter or its gradient as a matrix that can be written to. (Eigen 3.4 cannot index matrices of fixed sizes.)
struct ValueOf {
  template <class P>
  tn::MatrixView<typename P::Scalar> operator()(P& p) const {
    return {p.data(), p.shape().rows, p.shape().cols};
  }
};
struct GradientOf {
  template <class P>
  tn::MatrixView<typename P::Scalar> operator()(P& p) const {
    return {p.gradient_data(), p.shape().rows, p.shape().cols};
  }
};

}  // namespace

TEST_CASE_TEMPLATE("SGD keeps the sums over the classes, and the weights of pixels that are always 0", Scalar, float,
                   double) {
  with_both_engines([] {
    for (const Index batch : {Index{0}, Index{64}}) {
      CAPTURE(batch);
      Net<Scalar> net{tn::Seed{0}};
      const Net<Scalar> before(net);
      tn::SGD optimizer{net, {.lr = 0.003}};
      tn::fit(net, optimizer, digits().images, digits().labels, {.steps = 200, .batch = batch});

      // Softmax less the one-hot label sums to 0 in each row, so that no gradient changes a sum over the classes.
      const auto sums = [](const auto& parameter) {
        return parameter.value().template cast<double>().colwise().sum().eval();
      };
      const auto &last = net.template layer<2>(), &first = before.template layer<2>();
      const double drift = (sums(last.weight()) - sums(first.weight())).cwiseAbs().maxCoeff();
      const double bias_drift = std::abs(last.bias().value().template cast<double>().sum() -
                                         first.bias().value().template cast<double>().sum());
      CHECK(drift < drift_tolerance<Scalar>);
      CHECK(bias_drift < drift_tolerance<Scalar>);
      CHECK((last.weight().value() - first.weight().value()).cwiseAbs().maxCoeff() > 1e-3);
      CHECK((last.bias().value() - first.bias().value()).cwiseAbs().maxCoeff() > 1e-5);

      int dead = 0, unmoved = 0;
      for (Index pixel = 0; pixel < 784; ++pixel) {
        const Vector<Scalar> now = net.template layer<0>().weight().value().col(pixel),
                             then = before.template layer<0>().weight().value().col(pixel);
        const bool same = std::memcmp(now.data(), then.data(), sizeof(Scalar) * 30) == 0;
        if ((digits().images.matrix().col(pixel).array() == 0).all()) {
          ++dead;
          CHECK(same);
        } else {
          unmoved += same;
        }
      }
      CHECK(dead > 20);
      CHECK(dead < 700);
      CHECK(unmoved == 0);
    }
  });
}

TEST_CASE_TEMPLATE("the gradient of rows given twice, in another order, or many times is that of the rows", Scalar,
                   float, double) {
  with_both_engines([] {
    Net<Scalar> net{tn::Seed{3}};
    const auto check = [&](const std::vector<Index>& rows, const Vector<Scalar>& expected) {
      CHECK(distance(gradient(net, digits().images(rows), labels_of(rows)), expected) < tolerance<Scalar>);
    };
    const auto once = gradient(net, digits().images, digits().labels);
    auto rows = range(0, 301);
    check(rows, once);
    rows.insert(rows.end(), rows.begin(), rows.end());
    check(rows, once);
    tn::Generator generator{tn::Seed{5}};
    check(tn::random_permutation(301, generator), once);

    const std::vector<Index> one(1, 7), many(500, 7);
    const auto of_one = gradient(net, digits().images(one), labels_of(one));
    check(many, of_one);
    CHECK(distance(of_one, once) > 1e-3);
  });
}

TEST_CASE_TEMPLATE("the gradient is the mean of those of two parts of the rows", Scalar, float, double) {
  with_both_engines([] {
    Net<Scalar> net{tn::Seed{3}};
    const auto all = gradient(net, digits().images, digits().labels);
    for (const Index first : {1, 100, 150, 300}) {
      CAPTURE(first);
      Vector<Scalar> sum = Vector<Scalar>::Zero(all.size());
      for (const auto& rows : {range(0, first), range(first, 301)})
        sum += static_cast<Scalar>(rows.size()) * gradient(net, digits().images(rows), labels_of(rows));
      CHECK(distance(sum / Scalar(301), all) < tolerance<Scalar>);
    }
  });
}

TEST_CASE_TEMPLATE("permuted pixels, hidden units and classes give permuted gradients", Scalar, float, double) {
  with_both_engines([] {
    tn::Generator generator{tn::Seed{5}};
    const auto pixels = tn::random_permutation(784, generator), units = tn::random_permutation(30, generator),
               others = tn::random_permutation(30, generator), classes = tn::random_permutation(10, generator);
    // Number pixels[i] becomes pixel i, units[i] of the first hidden layer unit i, and so on.
    const auto permute = [&](auto& from, auto& to, auto of) {
      const auto all = Eigen::all;
      of(to.template layer<0>().weight()) = of(from.template layer<0>().weight())(units, pixels);
      of(to.template layer<0>().bias()) = of(from.template layer<0>().bias())(all, units);
      of(to.template layer<1>().weight()) = of(from.template layer<1>().weight())(others, units);
      of(to.template layer<1>().bias()) = of(from.template layer<1>().bias())(all, others);
      of(to.template layer<2>().weight()) = of(from.template layer<2>().weight())(classes, others);
      of(to.template layer<2>().bias()) = of(from.template layer<2>().bias())(all, classes);
    };
    Net<Scalar> net{tn::Seed{3}}, permuted(net);
    permute(net, permuted, ValueOf{});
    const tn::Matrix<std::uint8_t> x = digits().images.matrix()(Eigen::all, pixels);
    Labels y;
    for (const auto label : digits().labels)
      y.push_back(static_cast<std::uint8_t>(std::ranges::find(classes, Index{label}) - classes.begin()));

    const auto plain = gradient(net, digits().images, digits().labels);
    const auto actual = gradient(permuted, x, y);
    CHECK(distance(actual, plain) > 0.1);
    permute(net, permuted, GradientOf{});
    CHECK(distance(actual, tn::flat_parameters(permuted)->gradient) < tolerance<Scalar>);
  });
}

TEST_CASE_TEMPLATE("a hidden unit's weights in and out have the same product with their gradients", Scalar, float,
                   double) {
  // A ReLU passes a positive factor on. So making all weights into a unit a little larger changes the loss as much as
  // making those out of it larger does.
  with_both_engines([] {
    Net<Scalar> net{tn::Seed{3}};
    gradient(net, digits().images, digits().labels);
    const auto products = [](auto& p) -> Eigen::MatrixXd {
      return p.value().template cast<double>().cwiseProduct(p.grad().template cast<double>());
    };
    const auto check = [&](auto& in, auto& out) {
      const Eigen::VectorXd of_in = products(in.weight()).rowwise().sum() + products(in.bias()).transpose(),
                            of_out = products(out.weight()).colwise().sum().transpose();
      CHECK(of_out.norm() > 1e-2);
      CHECK(distance(of_in, of_out) < tolerance<Scalar>);
    };
    check(net.template layer<0>(), net.template layer<1>());
    check(net.template layer<1>(), net.template layer<2>());
  });
}

TEST_CASE_TEMPLATE("a power of two moved from one layer to the next changes gradients by it, and no other bit", Scalar,
                   float, double) {
  with_both_engines([] {
    Net<Scalar> net{tn::Seed{3}};
    const auto plain = gradient(net, digits().images, digits().labels);
    const auto scale = [](auto& layer, auto of, double weights, double bias) {
      of(layer.weight()) *= static_cast<Scalar>(weights);
      of(layer.bias()) *= static_cast<Scalar>(bias);
    };
    const auto scale_all = [&](auto of, double first, double second) {  // what the first two layers give is multiplied
      scale(net.template layer<0>(), of, first, first);
      scale(net.template layer<1>(), of, second / first, second);
      scale(net.template layer<2>(), of, 1 / second, 1);
    };
    scale_all(ValueOf{}, 8, 0.25);
    CHECK(distance(gradient(net, digits().images, digits().labels), plain) > 0.1);
    scale_all(GradientOf{}, 8, 0.25);
    CHECK(tn::flat_parameters(net)->gradient == plain);
  });
}
