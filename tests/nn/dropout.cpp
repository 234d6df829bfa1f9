#include <doctest/doctest.h>

#include <sstream>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/nn/dropout.hpp>

using namespace tinynet;

namespace {

const Matrix<float> ones = Matrix<float>::Ones(200, 50);

double share_of_zeros(const Matrix<float>& x) {
  return static_cast<double>((x.array() == 0).count()) / static_cast<double>(x.size());
}

}  // namespace

TEST_CASE("in training the given part becomes 0, and the rest makes up for it") {
  const Dropout dropout{0.25, Seed{1}};
  const Matrix<float> y = dropout(ones).value();
  CHECK(share_of_zeros(y) == doctest::Approx(0.25).epsilon(0.06));  // five standard deviations
  CHECK((y.array() == 0 || y.array() == 1 / 0.75f).all());
}

TEST_CASE("in evaluation everything passes") {
  Dropout dropout{0.25};
  dropout.eval();
  CHECK(dropout(ones).value() == ones);
  dropout.train();
  CHECK(dropout(ones).value() != ones);
}

TEST_CASE("probabilities 0 and 1") {
  CHECK(Dropout{0}(ones).value() == ones);
  CHECK((Dropout{1}(ones).value().array() == 0).all());
  const char* const text = "Dropout: expected a probability from 0 to 1, found ";
  CHECK_THROWS_WITH_AS(Dropout{1.5}, (std::string(text) + "1.500000").c_str(), Error);
  CHECK_THROWS_WITH_AS(Dropout{-0.5}, (std::string(text) + "-0.500000").c_str(), Error);
  CHECK_THROWS_AS(Dropout{std::nan("")}, Error);
}

TEST_CASE("each call drops others, each seed too, and a seed always the same") {
  const Dropout dropout{0.5, Seed{1}}, same{0.5, Seed{1}}, other{0.5, Seed{2}};
  const Matrix<float> first = dropout(ones).value(), second = dropout(ones).value();
  CHECK(first != second);
  CHECK(same(ones).value() == first);
  CHECK(same(ones).value() == second);
  CHECK(other(ones).value() != first);
  // Independent: a quarter is dropped by both calls.
  CHECK(share_of_zeros(first.cwiseMax(second)) == doctest::Approx(0.25).epsilon(0.1));
}

TEST_CASE("the number of threads does not matter") {
  const int before = num_threads();
  set_num_threads(1);
  const Matrix<float> alone = Dropout{0.5, Seed{1}}(ones).value();
  set_num_threads(3);
  CHECK(Dropout{0.5, Seed{1}}(ones).value() == alone);
  set_num_threads(before);
}

TEST_CASE("the gradient passes where the number did") {
  const Dropout dropout{0.5, Seed{1}};
  const auto x = variable(Matrix<double>(Matrix<double>::Constant(3, 4, 2)));
  const auto y = dropout(x);
  sum(y).backward();
  CHECK(x.grad() == y.value() / 2);
}

TEST_CASE("print is PyTorch's") {
  std::ostringstream out;
  out << Dropout{} << Dropout{1.0 / 3};
  CHECK(out.str() == "Dropout(p=0.5, inplace=False)Dropout(p=0.3333333333333333, inplace=False)");
}
