// After its first step, training asks the heap for nothing: counted over all operations, on several threads.
#include "../core/count_news.hpp"

// Eigen's own matrices use malloc; with these two lines it tells when.
#define EIGEN_RUNTIME_NO_MALLOC
#define eigen_assert(condition) (static_cast<bool>(condition) ? void() : void(++test::news))

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <tinynet/autodiff/ops/linear.hpp>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/normalization.hpp>
#include <tinynet/autodiff/ops/shape.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/data/batches.hpp>
#include <tinynet/nn/fused_loss.hpp>
#include <tinynet/nn/mlp.hpp>
#include <vector>

using namespace tinynet;

namespace {

/// How often the heap was asked for something in each of some calls of `step`.
template <class Step>
std::vector<std::size_t> news_of(const Step& step, int calls) {
  std::vector<std::size_t> result(static_cast<std::size_t>(calls));
  for (std::size_t& n : result) {
    Eigen::internal::set_is_malloc_allowed(&n == result.data());
    const std::size_t before = test::news;
    step();
    n = test::news.load() - before;
  }
  Eigen::internal::set_is_malloc_allowed(true);
  return result;
}

const std::vector<std::size_t> none(6, 0);

}  // namespace

TEST_CASE("steps with all operations, on four threads") {
  set_num_threads(4);
  constexpr Index rows = 1000, in = 40, hidden = 30, classes = 10;
  Matrix<std::uint8_t> pixels(rows, in);
  for (Index i = 0; i < pixels.size(); ++i) pixels.data()[i] = static_cast<std::uint8_t>(i * 31 % 256);
  std::vector<int> labels(rows);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i % classes);
  Parameter<float> w1(hidden, in), b1(1, hidden, 1), w2(classes, hidden), b2(1, classes, 1), scale(1, hidden, 1);
  for (Index i = 0; i < w1.size(); ++i) w1.data()[i] = static_cast<float>(i % 7 - 3) * 1e-3f;
  for (Index i = 0; i < w2.size(); ++i) w2.data()[i] = static_cast<float>(i % 5 - 2) * 0.1f;
  scale.value().setOnes();
  const Matrix<float> target = Matrix<float>::Constant(rows, classes, 0.5f);
  const Matrix<float> upstream = Matrix<float>::Constant(rows, classes, 1e-3f);
  double loss = 0;
  const auto step = [&] {
    const DataInput<float, dynamic, dynamic> x{Rows(pixels)};
    const auto h = linear(x, w1, b1);
    const auto normal = layer_norm(batch_norm(h, scale, b1), scale, b1);
    const auto wavy = sin(tanh(normal)) + sigmoid(normal) * cos(elu(normal)) - gelu(normal) / (square(normal) + 1.0);
    const auto act = relu(wavy) + leaky_relu(-wavy) + softplus(wavy) + silu(abs(wavy)) + gelu_tanh(wavy);
    const auto logits = matmul(act, transpose(w2)) + b2;
    const auto parts = concat_cols(middle_cols(logits, 0, 4), middle_cols(logits, 4, 6));
    const auto whole = concat_rows(middle_rows(parts, 0, 500), middle_rows(parts, 500, 500));
    const auto total = cross_entropy(whole, labels) + mse_loss(whole, target) + l1_loss(whole, target) +
                       huber_loss(whole, target) + bce_with_logits(whole, target) +
                       mean(softmax(whole) * log_softmax(whole)) + sum(exp(mean_cols(whole)) * sum(log(2.0 + scale)));
    total.backward(RetainGraph{true});
    whole.backward(upstream);
    no_grad([&] { loss = static_cast<double>(mean(sqrt(square(linear(x, w1, b1)))).item()) + total.item(); });
    for (auto* p : {&w1, &b1, &w2, &b2, &scale}) p->grad().setZero();
  };
  const auto news = news_of(step, 7);
  CHECK(news[0] > 0);
  CHECK(std::vector(news.begin() + 1, news.end()) == none);
  CHECK(std::isfinite(loss));
}

TEST_CASE("batches are given out again and again, those of a sum as many as it has") {
  const Matrix<float> x = Matrix<float>::Random(40, 6);
  std::vector<int> labels(40);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i % 3);
  const MLP<6, 8, 3> net{Seed{1}};
  for (const Engine way : {Engine::automatic, Engine::tape}) {
    set_engine(way);
    Batches batches(x, labels, 10), summed(x, labels, 10);
    const auto step = [&] {
      const auto [rows, classes] = batches.next();
      cross_entropy(net(rows), classes).backward();
    };
    const auto sum_step = [&] {
      Var<float, 1, 1> total = constant(Matrix<float, 1, 1>::Zero());
      for (int i = 0; i < 6; ++i) {
        const auto [rows, classes] = summed.next();
        total = total + cross_entropy(net(rows), classes);
      }
      total.backward();
    };
    const auto news = news_of(step, 7);
    CHECK(std::vector(news.begin() + 1, news.end()) == none);
    const auto sum_news = news_of(sum_step, 7);
    CHECK(std::vector(sum_news.begin() + 1, sum_news.end()) == none);
  }
  set_engine(Engine::automatic);
}

TEST_CASE("ten thousand computations of numbers, one by one, and of small matrices") {
  const auto k = variable(0.3);
  const auto a = variable(Matrix<double, 2, 2>(Matrix<double, 2, 2>::Constant(0.25)));
  double last = 0;
  const auto step = [&] {
    for (int repeat = 0; repeat < 2000; ++repeat) {
      Var<double, 1, 1> y = k;
      Var<double, 2, 2> b = a;
      for (int i = 0; i < 20; ++i) {
        y = y * (1.0 - y / (k + 2.0)) + exp(-y);
        b = b * a + tanh(b);
      }
      const auto z = y * sum(b);
      z.backward();
      last = z.item();
      k.zero_grad();
      a.zero_grad();
    }
  };
  const auto news = news_of(step, 7);
  CHECK(news[0] > 0);
  CHECK(std::vector(news.begin() + 1, news.end()) == none);
  CHECK(std::isfinite(last));
}

TEST_CASE("the count is of all memory: new, aligned new, and what Eigen takes") {
  const auto counted = [](const auto& f) { return news_of([&] { f(); }, 2)[1] > 0; };
  std::vector<int> kept;  // used afterwards: a compiler may leave out an allocation that nothing needs
  CHECK(counted([&] { kept = std::vector<int>(100); }));
  CHECK(kept.size() == 100);
  CHECK(counted([] { CHECK(Eigen::MatrixXf::Ones(30, 30).eval().size() == 900); }));
  CHECK(counted([] {
    const auto pool = std::make_unique<detail::MemoryPool>();
    pool->deallocate(pool->allocate(1000), 1000);
  }));
}
