// A row times transposed weights against Eigen's product, for sizes that packs, panels and pieces leave over.
#include <doctest/doctest.h>

#include <limits>
#include <tinynet/core/eigen.hpp>
#include <tinynet/cpu/transposed_row.hpp>
#include <vector>

using tinynet::Index;
using tinynet::Matrix;
namespace detail = tinynet::detail;

namespace {

template <class Scalar>
void check_products() {
  for (const Index in : {1, 7, 16, 30, 255, 256, 257, 784, 1030})
    for (const Index out : {1, 8, 30, 100, 200}) {
      CAPTURE(in);
      CAPTURE(out);
      Matrix<Scalar> x = Matrix<Scalar>::Random(1, in);
      for (Index k = 0; k < in; ++k)
        if (k / 20 % 2 == 1 || k % 7 == 3) x(k) = k % 2 == 0 ? Scalar(0) : -Scalar(0);
      const Index columns = detail::padded<Scalar>(out);
      const Matrix<Scalar> weight = Matrix<Scalar>::Random(in, columns), bias = Matrix<Scalar>::Random(1, columns);
      Matrix<Scalar> y = Matrix<Scalar>::Constant(1, columns, 7);
      detail::transposed_row<Scalar>(x.data(), in, {weight.data(), columns}, bias.data(), columns, y.data());
      const Scalar tolerance = (std::is_same_v<Scalar, float> ? Scalar(1e-6) : Scalar(1e-15)) * Scalar(in + 10);
      CHECK((y - (x * weight + bias)).cwiseAbs().maxCoeff() <= tolerance);
    }
}

template <class Scalar>
void check_elements() {
  std::vector<Scalar> x(256, Scalar(0));
  std::vector<std::uint8_t> number(257), expected;
  CHECK(detail::nonzero_elements(x.data(), 256, number.data()) == 0);
  x[1] = -Scalar(0);
  const std::vector<Scalar> values{std::numeric_limits<Scalar>::denorm_min(), -Scalar(1),
                                   std::numeric_limits<Scalar>::infinity(), std::numeric_limits<Scalar>::quiet_NaN(),
                                   std::numeric_limits<Scalar>::max()};
  for (std::size_t i = 0; i < 50; ++i) {
    const std::size_t at = i * i % 251 + 5;
    x[at] = values[i % values.size()];
  }
  for (Index k = 0; k < 256; ++k)
    if (x[static_cast<std::size_t>(k)] != Scalar(0)) expected.push_back(static_cast<std::uint8_t>(k));
  for (const Index count : {256, 255, 250, 17, 5, 0}) {
    while (!expected.empty() && expected.back() >= count) expected.pop_back();
    const auto found = static_cast<std::size_t>(detail::nonzero_elements(x.data(), count, number.data()));
    CHECK(std::vector<std::uint8_t>(number.data(), number.data() + found) == expected);
  }
  for (Scalar& element : x) element = 1;
  CHECK(detail::nonzero_elements(x.data(), 256, number.data()) == 256);
  CHECK(number[255] == 255);
}

}  // namespace

TEST_CASE("products, float") { check_products<float>(); }
TEST_CASE("products, double") { check_products<double>(); }
TEST_CASE("which elements are not 0, float") { check_elements<float>(); }
TEST_CASE("which elements are not 0, double") { check_elements<double>(); }
