#include <tinynet/cpu/linear.hpp>

#include "same_bits.hpp"

using namespace tinynet;

namespace {

/// y, dW and dx of a linear layer, one after another.
std::vector<float> all_of(const Rows& x, const float* weight, const float* bias, const float* dy, Index out) {
  const Index rows = x.rows(), in = x.cols();
  std::vector<float> result(static_cast<std::size_t>(rows * out + out * in + rows * in), 0.0f);
  float *const y = result.data(), *const dw = y + rows * out, *const dx = dw + out * in;
  detail::linear_forward(x, weight, bias, out, y);
  detail::linear_weight_gradient(x, dy, out, dw);
  detail::linear_input_gradient(dy, weight, rows, in, out, dx, false);
  return result;
}

}  // namespace

TEST_CASE("y = x W^T + b and its gradients, from bytes and from floats") {
  for (const Index rows : test::row_counts) {
    CAPTURE(rows);
    const Index in = 37, out = 11;
    const auto w = test::numbers<float>(out * in, 1), b = test::numbers<float>(out, 2),
               dy = test::numbers<float>(rows * out, 3);
    Matrix<std::uint8_t> bytes(rows, in);
    for (Index i = 0; i < bytes.size(); ++i) bytes.data()[i] = static_cast<std::uint8_t>(i * 7 % 251);
    const Matrix<float> floats = bytes.cast<float>();
    const Eigen::MatrixXd column_major = bytes.cast<double>();

    const Eigen::MatrixXd weight = ConstMatrixView<float>(w.data(), out, in).cast<double>(),
                          upstream = ConstMatrixView<float>(dy.data(), rows, out).cast<double>();
    const Eigen::RowVectorXd bias = ConstMatrixView<float>(b.data(), 1, out).cast<double>();
    const Matrix<double> y = (column_major * weight.transpose()).rowwise() + bias;
    const Matrix<double> dw = upstream.transpose() * column_major, dx = upstream * weight;

    const std::vector<float> found = all_of(Rows(floats), w.data(), b.data(), dy.data(), out);
    const auto part = [&](Index begin, Index r, Index c) {
      return Matrix<double>(ConstMatrixView<float>(found.data() + begin, r, c).cast<double>());
    };
    CHECK((part(0, rows, out) - y).norm() <= 1e-6 * y.norm());
    CHECK((part(rows * out, out, in) - dw).norm() <= 1e-6 * dw.norm());
    CHECK((part(rows * out + out * in, rows, in) - dx).norm() <= 1e-6 * dx.norm());

    // The same numbers in another type, order or selection give the same bits.
    CHECK(all_of(Rows(bytes), w.data(), b.data(), dy.data(), out) == found);
    CHECK(all_of(Rows(column_major), w.data(), b.data(), dy.data(), out) == found);
    std::vector<Index> order(static_cast<std::size_t>(rows));
    for (Index i = 0; i < rows; ++i) order[static_cast<std::size_t>(i)] = rows - 1 - i;
    const Matrix<std::uint8_t> reversed = bytes.colwise().reverse();
    CHECK(all_of(Rows(reversed).select(order), w.data(), b.data(), dy.data(), out) == found);
  }
}

TEST_CASE("without a bias, and gradients added to what is there") {
  const std::vector<float> x{1, 2, 3, 4}, w{1, 0, 0, 1, 2, 2}, dy{1, 0, 0, 0, 1, 0};
  const Rows rows(x.data(), {2, 2}, 2);
  std::vector<float> y(6, 99.0f), dw(6, 10.0f), dx(4, 10.0f);
  detail::linear_forward<float>(rows, w.data(), nullptr, 3, y.data());
  CHECK(y == std::vector<float>{1, 2, 6, 3, 4, 14});
  detail::linear_weight_gradient(rows, dy.data(), 3, dw.data());
  CHECK(dw == std::vector<float>{11, 12, 13, 14, 10, 10});
  detail::linear_input_gradient(dy.data(), w.data(), 2, 2, 3, dx.data(), true);
  CHECK(dx == std::vector<float>{11, 10, 10, 11});
}

TEST_CASE("the same bits for any number of threads, place in memory and size of the caches") {
  for (const Index rows : test::row_counts) {
    CAPTURE(rows);
    constexpr Index in = 100, out = 30;
    test::check_same_bits<float>(
        test::numbers<float>(rows * in + out * in + out + rows * out, 4), [&](const float* numbers) {
          const float *const w = numbers + rows * in, *const b = w + out * in, *const dy = b + out;
          return all_of(Rows(numbers, {rows, in}, in), w, b, dy, out);
        });
  }
}
