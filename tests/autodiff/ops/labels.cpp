// What counts as labels, and labels on a device.
#define EIGEN_USE_THREADS
#include <doctest/doctest.h>

#include <array>
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
  CHECK_FALSE(Labels<Eigen::MatrixXi>);
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
  const char* const out_of_range = "cross_entropy: label 2 is out of range; expected 0..8, found 9";
  CHECK_THROWS_WITH_AS(detail::checked_labels<Scalar>(there, {3, 9}), out_of_range, Error);
  CHECK_THROWS_WITH_AS(detail::checked_labels<Scalar>(labels, {3, 9}), out_of_range, Error);
  CHECK_THROWS_WITH_AS(detail::checked_labels<Scalar>(there, {4, 10}),
                       "cross_entropy: expected one label a row of the logits [4, 10], found 3 labels", Error);
}
