// A program that traps floating-point exceptions hears of its own numbers only: not of what fills the last pack of a
// row, nor of the branch that a number does not take.
#include <doctest/doctest.h>

#include <algorithm>
#include <cfenv>
#include <string>
#include <tinynet/autodiff/ops/normalization.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/freeze.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/adadelta.hpp>
#include <tinynet/optim/adagrad.hpp>
#include <tinynet/optim/adam.hpp>
#include <tinynet/optim/clip.hpp>
#include <tinynet/optim/rmsprop.hpp>
#include <tinynet/optim/sgd.hpp>
#include <tuple>
#include <vector>

using namespace tinynet;

namespace {

constexpr int trapped = FE_INVALID | FE_DIVBYZERO;
constexpr Index longest = 33;

/// Which of the exceptions f() raises on this thread.
template <class F>
int raised(const F& f) {
  std::feclearexcept(FE_ALL_EXCEPT);
  f();
  return std::fetestexcept(trapped);
}

/// Puts the memory that is given out next to the worst use: of what is not written, every sum is invalid.
void spoil_memory() {
  const detail::Buffer<float> memory(4096);
  std::fill_n(memory.data(), 4096, std::numeric_limits<float>::signaling_NaN());
}

template <class Scalar>
std::vector<Scalar> numbers(Index count, double low, double high) {
  std::vector<Scalar> all(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<Scalar>(low + (high - low) * static_cast<double>((7 * i + 3) % 11) / 10);
  return all;
}

template <class Scalar>
Matrix<Scalar> matrix(Index rows, Index cols, double low = -2, double high = 2) {
  return ConstMatrixView<Scalar>(numbers<Scalar>(rows * cols, low, high).data(), rows, cols);
}

/// y = f(x...) for rows of every length.
template <class Scalar, class F, class... X>
int raised_by_rows(const F& f, const X&... x) {
  std::vector<Scalar> y(static_cast<std::size_t>(longest));
  int found = 0;
  for (Index n = 1; n <= longest; ++n) {
    const Shape shape{1, n};
    found |= raised([&] { detail::transform(shape, f, y.data(), detail::Source<Scalar>(x.data(), shape, shape)...); });
  }
  return found;
}

template <class Scalar, class F>
void check_function(const std::string& name, const F& f, double low, double high) {
  CAPTURE(name);
  const auto x = numbers<Scalar>(longest, low, high), dy = numbers<Scalar>(longest, -1, 1);
  auto y = x;
  for (std::size_t i = 0; i < x.size(); ++i)
    detail::transform(Shape{1, 1}, f, &y[i], detail::Source<Scalar>(&x[i], {1, 1}, {1, 1}));
  CHECK(raised_by_rows<Scalar>(f, x) == 0);
  CHECK(raised_by_rows<Scalar>(detail::ChainRule<F>(f), x, y, dy) == 0);
}

// What is not a number nowhere else than at 0 and at 1: whatever else would be used as padding.
struct Singular : functions::Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return T(0.01) / (x * (x - T(1)));
  }
  template <class T>
  constexpr T derivative(T x, T y) const {
    return y * (T(1) - T(2) * x) / (x * (x - T(1)));
  }
};
struct SingularLayer : Activation<SingularLayer, Singular> {
  std::string description() const { return "Singular()"; }
};

struct Log1p : functions::Vectorized {
  template <class T>
  constexpr T operator()(T x) const {
    return math::log1p(x);
  }
  template <class T>
  constexpr T derivative(T x, T) const {
    return T(1) / (T(1) + x);
  }
};

}  // namespace

TEST_CASE_TEMPLATE("functions of rows of any length", Scalar, float, double) {
  namespace fn = functions;
  check_function<Scalar>("log", fn::Log{}, 0.1, 3);
  check_function<Scalar>("sqrt", fn::Sqrt{}, 0.1, 3);
  check_function<Scalar>("reciprocal", fn::Reciprocal{}, 0.1, 3);
  check_function<Scalar>("pow", fn::Pow{-1.5}, 0.1, 3);
  check_function<Scalar>("singular", Singular{}, 1.5, 3);
  for (const double most : {3.0, 300.0}) {
    CAPTURE(most);
    check_function<Scalar>("abs", fn::Abs{}, -most, most);
    check_function<Scalar>("relu", fn::ReLU{}, -most, most);
    check_function<Scalar>("leaky_relu", fn::LeakyReLU{}, -most, most);
    check_function<Scalar>("elu", fn::ELU{}, -most, most);
    check_function<Scalar>("sigmoid", fn::Sigmoid{}, -most, most);
    check_function<Scalar>("tanh", fn::Tanh{}, -most, most);
    check_function<Scalar>("log1p", Log1p{}, -0.9, most);
    check_function<Scalar>("softplus", fn::Softplus{}, -most, most);
    check_function<Scalar>("silu", fn::SiLU{}, -most, most);
    check_function<Scalar>("gelu", fn::GELU{}, -most, most);
    check_function<Scalar>("gelu_tanh", fn::GELUTanh{}, -most, most);
  }
  check_function<Scalar>("exp", fn::Exp{}, -1000, 80);
  const auto a = numbers<Scalar>(longest, -2, 2.1), b = numbers<Scalar>(longest, 0.5, 2);
  CHECK(raised_by_rows<Scalar>(fn::Divide{}, a, b) == 0);
  CHECK(raised_by_rows<Scalar>(detail::BySecond<fn::Divide>(fn::Divide{}), a, b, a, b) == 0);
  const auto huge = numbers<Scalar>(longest, -1e30, 1e30);
  CHECK(raised_by_rows<Scalar>(fn::HuberError{}, huge, a) == 0);
  CHECK(std::fetestexcept(FE_OVERFLOW) == 0);  // the square of the others
}

TEST_CASE_TEMPLATE("numbers of the data are heard of, wherever they are", Scalar, float, double) {
  for (const Index n : {1, 3, 5, 16, 17, 33})
    for (Index place = 0; place < n; ++place) {
      std::vector<Scalar> y(static_cast<std::size_t>(n)), x(static_cast<std::size_t>(n), Scalar(2));
      const auto hears = [&](const auto& f, Scalar number) {
        x[static_cast<std::size_t>(place)] = number;
        const Shape shape{1, n};
        return raised([&] { detail::transform(shape, f, y.data(), detail::Source<Scalar>(x.data(), shape, shape)); });
      };
      bool right = hears(functions::Reciprocal{}, 0) == FE_DIVBYZERO;
      right &= hears(functions::Log{}, 0) == FE_DIVBYZERO;
      right &= hears(functions::Log{}, -1) == FE_INVALID;
      right &= hears(functions::Sqrt{}, -1) == FE_INVALID;
      right &= hears(Singular{}, 1) == FE_DIVBYZERO;
      right &= hears(Log1p{}, -1) == FE_DIVBYZERO;
      right &= hears(Log1p{}, -2) == FE_INVALID;
      right &= hears(functions::Log{}, 3) == 0;
      CHECK(right);
    }
}

TEST_CASE("norms, softmax and what they are made of, with their gradients") {
  for (Index n = 1; n <= longest; ++n) {
    CAPTURE(n);
    const auto found = [&](const auto& f) {
      spoil_memory();
      return raised([&] {
        const auto x = variable(matrix<float>(5, n, 0.5, 2));
        sum(f(x)).backward();
      });
    };
    const Matrix<float> weight = matrix<float>(1, n, 0.5, 2), bias = matrix<float>(1, n);
    CHECK(found([&](const auto& x) { return layer_norm(x, variable(weight), variable(bias)); }) == 0);
    CHECK(found([&](const auto& x) { return batch_norm(x, variable(weight), variable(bias)); }) == 0);
    CHECK(found([&](const auto& x) { return x / mean_rows(x) + x / mean_cols(x) + sum(x) / x; }) == 0);
    CHECK(found([](const auto& x) { return softmax(x * 100.0); }) == 0);
    CHECK(found([](const auto& x) { return log_softmax(x * 100.0); }) == 0);
    CHECK(found([](const auto& x) { return matmul(x, transpose(x)) / 3.0; }) == 0);
  }
}

TEST_CASE_TEMPLATE("nets and losses, fused and general, one row, evaluated and frozen", Scalar, float, double) {
  const AnyActivation activations[] = {ReLU{}, LeakyReLU{}, ELU{}, Sigmoid{}, Tanh{}, Softplus{}, SiLU{}, GELU{}};
  for (Index n = 1; n <= longest; ++n) {
    CAPTURE(n);
    DynamicMLP<Scalar> net({n % 7 + 2, n, 34 - n, n}, activations[n % 8]);
    const Matrix<Scalar> x = matrix<Scalar>(19, n % 7 + 2), target = matrix<Scalar>(19, n);
    const Matrix<Scalar> binary = (target.array() > 0).template cast<Scalar>();
    const std::vector<int> labels(19, static_cast<int>(n) - 1);
    const auto step = [&](const auto& loss) {
      spoil_memory();
      return raised([&] { loss(net(x)).backward(); }) | raised([&] { loss(net(x).var()).backward(); });
    };
    CHECK(step([&](const auto& y) { return cross_entropy(y, labels, {.label_smoothing = 0.1}); }) == 0);
    CHECK(step([&](const auto& y) { return mse_loss(y, target); }) == 0);
    CHECK(step([&](const auto& y) { return l1_loss(y, target); }) == 0);
    CHECK(step([&](const auto& y) { return huber_loss(y, target); }) == 0);
    CHECK(step([&](const auto& y) { return bce_with_logits(y, binary); }) == 0);
    const auto frozen = freeze(net);
    CHECK(raised([&] {
            const Matrix<Scalar> all = net(x).value(), one = net(x.topRows(1)).value(), quick = frozen(x);
            CHECK(all.allFinite());
          }) == 0);
  }
}

TEST_CASE("an activation that is not defined everywhere") {
  for (Index n = 1; n <= longest; ++n) {
    CAPTURE(n);
    Sequential net(Linear<>(3, n), SingularLayer{}, Linear<>(n, n), SingularLayer{}, Linear<>(n, 2));
    // All sums are above 1.
    net.get<0>().weight().value().setConstant(0.5F);
    net.get<0>().bias().value().setConstant(2);
    net.get<2>().weight().value().setConstant(0.1F / static_cast<float>(n));
    net.get<2>().bias().value().setConstant(2);
    const Matrix<float> x = matrix<float>(9, 3, 0.1, 1), target = matrix<float>(9, 2);
    const auto frozen = freeze(net);
    CHECK(raised([&] { mse_loss(net(x), target).backward(); }) == 0);
    CHECK(raised([&] { mse_loss(net(x).var(), target).backward(); }) == 0);
    CHECK(raised([&] { static_cast<void>(net(x.topRows(1)).value()); }) == 0);
    CHECK(raised([&] { static_cast<void>(frozen(x)); }) == 0);
  }
}

TEST_CASE_TEMPLATE("optimizers without eps, on any number of parameters", Scalar, float, double) {
  for (Index n = 1; n <= longest; ++n) {
    CAPTURE(n);
    const auto found = [n](const auto& make) {
      Linear<dynamic, dynamic, Scalar> net(n, 1, Seed{}, Bias{false});
      auto optimizer = make(net);
      return raised([&] {
        for (int i = 0; i < 2; ++i) {
          net.weight().grad() = matrix<Scalar>(1, n, 0.1, 1);
          clip_grad_norm(net, 0.5);
          clip_grad_value(net, 0.2);
          optimizer.step();
        }
      });
    };
    CHECK(found([](auto& net) { return SGD{net, {.momentum = 0.9}}; }) == 0);
    CHECK(found([](auto& net) { return Adam{net, {.eps = 0}}; }) == 0);
    CHECK(found([](auto& net) { return AdamW{net, {.eps = 0}}; }) == 0);
    CHECK(found([](auto& net) { return RMSprop{net, {.eps = 0}}; }) == 0);
    CHECK(found([](auto& net) { return Adagrad{net, {.eps = 0}}; }) == 0);
    CHECK(found([](auto& net) { return Adadelta{net, {.eps = 0}}; }) == 0);
  }
}

#ifdef __GLIBC__
TEST_CASE("a training whose exceptions end the program, on several threads") {
  set_num_threads(3);
  feenableexcept(FE_INVALID | FE_DIVBYZERO);
  DynamicMLP<float> net({5, 13, 3}, AnyActivation{GELU{}});
  Adam optimizer{net};
  const Matrix<float> x = matrix<float>(3001, 5);
  const std::vector<int> labels(3001, 2);
  float loss = 0;
  for (const Engine engine : {Engine::automatic, Engine::tape, Engine::automatic}) {
    const WithEngine chosen(engine);
    net.zero_grad();
    const auto value = cross_entropy(net(x), labels);
    value.backward();
    optimizer.step();
    loss = value.item();
  }
  fedisableexcept(FE_ALL_EXCEPT);
  CHECK(loss > 0);
  set_num_threads(0);
}
#endif
