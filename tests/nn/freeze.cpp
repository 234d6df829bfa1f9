#include <doctest/doctest.h>

#include <cstdint>
#include <thread>
#include <tinynet/data/dataset.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/freeze.hpp>
#include <tinynet/nn/sequential.hpp>
#include <vector>

#include "../core/count_news.hpp"

using namespace tinynet;

namespace {

template <class Net>
double distance(const Net& net, const Matrix<typename Net::Scalar>& x) {
  const auto frozen = freeze(net);
  return static_cast<double>((frozen(x) - net(x).value()).cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("a frozen net gives the outputs of the net") {
  const Matrix<float> x = Matrix<float>::Random(6, 20).cwiseMax(0.0f);
  const Matrix<double> z = x.cast<double>();
  CHECK(distance(MLP<20, 17, 3>{Seed{1}}, x) < 1e-6);
  CHECK(distance(BasicMLP<double, Softplus, 20, 5, 40, 3>{Seed{2}}, z) < 1e-14);
  CHECK(distance(DynamicMLP<float>({20, 100, 7}, GELU{}, Seed{3}), x) < 1e-5);
  CHECK(distance(Sequential(Linear<20, 9>(Seed{4}), Tanh{}, Linear<9, 4>(Seed{5}, Bias{false}), Sigmoid{}), x) < 1e-6);
  CHECK(distance(Sequential(Linear<20, 9, double>(Seed{4})), z) < 1e-14);
}

TEST_CASE("inputs of every kind") {
  const MLP<12, 8, 3> net{Seed{1}};
  const auto frozen = freeze(net);
  CHECK(frozen.in_features() == 12);
  CHECK(frozen.out_features() == 3);
  std::vector<std::uint8_t> pixels(48);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i % 3 == 0 ? 0 : 5 * i);
  const Images images(pixels, 4, 3, 4);
  const Matrix<float> expected = net(images).value();
  const auto near = [](const auto& a, const auto& b) { return (a - b).cwiseAbs().maxCoeff() < 1e-4f; };
  const Eigen::MatrixXf columns = images.matrix().cast<float>();
  CHECK(near(frozen(images), expected));
  CHECK(near(frozen(images.matrix()), expected));
  CHECK(near(frozen(columns), expected));
  CHECK(near(frozen(columns.row(2)), expected.row(2)));
  CHECK(near(frozen(images * 0.5), net(columns * 0.5f).value()));
  CHECK_THROWS_WITH_AS(frozen(Matrix<float>(2, 11)),
                       "freeze: the input must have as many columns as the weight [out, in]; found [2, 11] and [8, 12]",
                       Error);
}

TEST_CASE("training goes on without it, and it may be moved") {
  MLP<4, 8, 2> net{Seed{1}};
  const Matrix<float> x = Matrix<float>::Random(1, 4);
  auto first = freeze(net);
  const Matrix<float> before = first(x);
  flat_parameters(net)->value *= 2;
  CHECK(first(x) == before);
  CHECK(freeze(net)(x) != before);
  const std::vector<FrozenNet<MLP<4, 8, 2>>> moved{std::move(first)};
  CHECK(moved[0](x) == before);
}

TEST_CASE("one row asks the heap for nothing, and threads may share a frozen net") {
  const auto frozen = freeze(MLP<30, 40, 5>{Seed{1}});
  const Matrix<float, 1, 30> x = Matrix<float, 1, 30>::Random();
  const Matrix<float, 1, 5> expected = frozen(x);
  const std::size_t before = test::news;
  Matrix<float, 1, 5> y = frozen(x);
  CHECK(test::news == before);
  CHECK(y == expected);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int& count : wrong)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) count += frozen(x) != expected ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) CHECK(count == 0);
}

TEST_CASE("a net that is too deep is refused") {
  const DynamicMLP<float> net(std::vector<Index>(18, 2));
  CHECK_THROWS_WITH_AS(freeze(net), "freeze: expected a net of at most 16 layers", Error);
}
