// What counts as labels, and labels on a device.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <tinynet/autodiff/ops/labels.hpp>

#include "../../cuda/emulated.hpp"

using namespace tinynet;
using test::emulated;

TEST_CASE("what counts as labels") {
  CHECK(Labels<std::vector<int>>);
  CHECK(Labels<std::array<std::uint8_t, 3>>);
  CHECK(Labels<std::span<const long>>);
  CHECK(Labels<Eigen::VectorXi>);
  CHECK(Labels<DeviceLabels<test::Emulated>>);
  CHECK_FALSE(Labels<std::vector<bool>>);
  CHECK_FALSE(Labels<std::vector<float>>);
  CHECK(Labels<Eigen::MatrixXi>);  // if it has one column
  CHECK_FALSE(Labels<Eigen::VectorXf>);
}

TEST_CASE("labels on a device remember how large they are") {
  const std::vector<std::uint8_t> labels{3, 0, 9, 1};
  const DeviceLabels there(labels, emulated);
  CHECK(there.size() == 4);
  CHECK(there.classes() == 10);
  CHECK(there.to(cpu) == std::vector<std::int32_t>{3, 0, 9, 1});
  const auto part = there.segment(1, 2);
  CHECK(part.to(cpu) == std::vector<std::int32_t>{0, 9});
  CHECK(part.segment(1, 1).to(cpu) == std::vector<std::int32_t>{9});
  CHECK(DeviceLabels(std::vector<int>{}, emulated).size() == 0);
  CHECK_THROWS_AS(DeviceLabels(std::vector<int>{0, -1}, emulated), Error);
  CHECK_THROWS_AS(DeviceLabels(std::vector<long>{long{1} << 31}, emulated), Error);
}

TEST_CASE("they are checked when they are used") {
  using Scalar = detail::On<float, test::Emulated>;
  const std::vector<int> labels{3, 0, 9};
  const DeviceLabels there(labels, emulated);
  CHECK(detail::checked_labels<Scalar>(there, {3, 10}).data() == there.data());
  const auto copied = detail::checked_labels<Scalar>(labels, {3, 10});
  std::int32_t last = 0;
  detail::copy_across(copied.data() + 2, 1, &last);
  CHECK(last == 9);
  const char* const out_of_range = "cross_entropy: labels[2] is 9; expected 0..8";
  CHECK_THROWS_WITH_AS(detail::checked_labels<Scalar>(there, {3, 9}), out_of_range, Error);
  CHECK_THROWS_WITH_AS(detail::checked_labels<Scalar>(labels, {3, 9}), out_of_range, Error);
  CHECK_THROWS_WITH_AS(detail::checked_labels<Scalar>(there, {4, 10}),
                       "cross_entropy: expected one label a row of the logits [4, 10], found 3 labels", Error);
}

TEST_CASE("integer columns, rows and expressions of Eigen are labels") {
  const std::vector<int> expected{0, 1, 2, 2, 1, 0};
  const auto check = [&](const auto& labels) {
    static_assert(Labels<std::remove_cvref_t<decltype(labels)>>);
    const auto all = detail::label_span(labels);
    CHECK(std::vector<int>(all.begin(), all.end()) == expected);
  };
  Eigen::MatrixXi m(6, 1);
  m << 0, 1, 2, 2, 1, 0;
  check(m);
  check(Eigen::MatrixXi(m.transpose()));
  check(Eigen::ArrayXi(m));
  check(Eigen::RowVectorXi(m.transpose()));
  check(Eigen::Matrix<int, 6, 1>(m));
  check(m.cast<std::int8_t>().eval());
  check(m.cast<std::uint16_t>().eval());
  check(m.cast<std::int64_t>().eval());
  Eigen::MatrixXi wide = Eigen::MatrixXi::Constant(6, 3, 7);
  wide.col(1) = m;
  const Matrix<int> by_rows = wide;
  check(wide.col(1));
  check(by_rows.col(1));
  check(wide.middleCols(1, 1));
  check(by_rows.middleCols(1, 1));
  check(by_rows.transpose().row(1));
  check(wide.col(1).segment(0, 6));
  check(Eigen::Map<const Eigen::VectorXi, 0, Eigen::InnerStride<3>>(by_rows.data() + 1, 6));
  check(Eigen::Ref<const Eigen::VectorXi>(wide.col(1)));
  // Not computed before they are asked for.
  check(m.cast<float>().cast<int>());
  check(m.cast<double>().col(0).array().cast<std::uint8_t>());
  check(m + Eigen::MatrixXi::Zero(6, 1));
  check(m.reverse().reverse());
}

TEST_CASE("a matrix of labels has one column") {
  const Eigen::MatrixXi m = Eigen::MatrixXi::Zero(3, 2);
  try {
    (void)detail::label_span(m);
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(std::string(error.what()) ==
          "cross_entropy: expected one label a row (a vector, or a matrix of one column), found a matrix [3, 2] of "
          "labels");
  }
  CHECK(detail::label_span(Eigen::MatrixXi(0, 0)).size() == 0);
}

TEST_CASE("letters, truth values and fractions are no labels") {
  static_assert(!Labels<std::string> && !Labels<std::vector<char>> && !Labels<std::wstring> && !Labels<std::u8string>);
  static_assert(!Labels<std::u16string> && !Labels<std::u32string> && !Labels<std::vector<bool>>);
  static_assert(!Labels<std::array<bool, 3>> && !Labels<Eigen::Matrix<bool, 3, 1>> &&
                !Labels<Eigen::Matrix<char, 3, 1>>);
  static_assert(!Labels<Eigen::VectorXf> && !Labels<std::vector<double>> && !Labels<char[3]>);
  static_assert(Labels<std::vector<signed char>> && Labels<std::vector<unsigned char>> && Labels<int[3]>);
}
