#include <doctest/doctest.h>

#include <tinynet/core/named_tensor.hpp>

using tinynet::NamedTensor;

TEST_CASE("a named tensor counts its numbers") {
  CHECK(NamedTensor<float>{"a", {2, 3}, nullptr}.size() == 6);
  CHECK(NamedTensor<float>{"a", {2, 0}, nullptr}.size() == 0);
  CHECK(NamedTensor<const float>{"a", {}, nullptr}.size() == 1);
}
