// A linear layer of one row against Eigen's product, for sizes that packs, blocks of rows and pieces leave over.
#include <doctest/doctest.h>

#include <tinynet/cpu/linear_row.hpp>

using tinynet::Index;
using tinynet::Matrix;
namespace detail = tinynet::detail;

namespace {

template <class Scalar>
void check_all() {
  for (const Index in : {1, 7, 16, 30, 64, 100, 784, 1024, 1030, 2100})
    for (const Index out : {1, 2, 3, 7, 8, 30}) {
      CAPTURE(in);
      CAPTURE(out);
      Matrix<Scalar> x = Matrix<Scalar>::Random(1, in);
      for (Index k = 0; k < in; ++k)
        if (k / 20 % 2 == 1) x(k) = 0;  // runs of zeros, as in pictures
      const Matrix<Scalar> weight = Matrix<Scalar>::Random(out, in), bias = Matrix<Scalar>::Random(1, out);
      Matrix<Scalar> y = Matrix<Scalar>::Constant(1, out, 7);
      const Scalar tolerance = (std::is_same_v<Scalar, float> ? Scalar(1e-6) : Scalar(1e-15)) * Scalar(in + 10);
      detail::linear_row(x.data(), in, weight.data(), bias.data(), out, y.data());
      CHECK((y - (x * weight.transpose() + bias)).cwiseAbs().maxCoeff() <= tolerance);
      const Scalar* const none = nullptr;
      detail::linear_row(x.data(), in, weight.data(), none, out, y.data());
      CHECK((y - x * weight.transpose()).cwiseAbs().maxCoeff() <= tolerance);
      x.setZero();
      detail::linear_row(x.data(), in, weight.data(), bias.data(), out, y.data());
      CHECK(y == bias);
    }
}

}  // namespace

TEST_CASE("float") { check_all<float>(); }
TEST_CASE("double") { check_all<double>(); }
