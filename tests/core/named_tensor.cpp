#include <doctest/doctest.h>

#include <limits>
#include <tinynet/core/named_tensor.hpp>

using tinynet::first_nonfinite;
using tinynet::NamedTensor;

TEST_CASE("a named tensor counts its numbers") {
  CHECK(NamedTensor<float>{"a", {2, 3}, nullptr}.size() == 6);
  CHECK(NamedTensor<float>{"a", {2, 0}, nullptr}.size() == 0);
  CHECK(NamedTensor<const float>{"a", {}, nullptr}.size() == 1);
}

TEST_CASE("the first number that is not finite is found, whatever it is") {
  float a[] = {1, 2, 3, 4, 5, 6}, b[] = {7, 8};
  const std::vector<NamedTensor<float>> tensors{{"a", {2, 3}, a}, {"b", {2}, b}};
  CHECK(!first_nonfinite(tensors));
  CHECK(!first_nonfinite(std::vector<NamedTensor<float>>{}));
  b[1] = -std::numeric_limits<float>::infinity();
  REQUIRE(first_nonfinite(tensors));
  CHECK(first_nonfinite(tensors)->place() == "b's number 1");
  CHECK(first_nonfinite(tensors)->value == -std::numeric_limits<double>::infinity());
  a[5] = std::numeric_limits<float>::quiet_NaN();  // the last of the tensor before
  REQUIRE(first_nonfinite(tensors));
  CHECK(first_nonfinite(tensors)->tensor == "a");
  CHECK(first_nonfinite(tensors)->index == 5);
  CHECK(std::isnan(first_nonfinite(tensors)->value));
}
