#include <doctest/doctest.h>

#include <string>
#include <tinynet/core/shape.hpp>

using namespace tinynet;

TEST_CASE("a shape has a size and prints as PyTorch's") {
  CHECK(Shape{3, 4}.size() == 12);
  CHECK(to_string(Shape{3, 4}) == "[3, 4]");
  CHECK(Shape{3, 4} == Shape{3, 4});
  CHECK_FALSE(Shape{3, 4} == Shape{4, 3});
}

TEST_CASE("sizes that are not known fit everything") {
  using namespace detail;
  static_assert(may_equal(3, 3) && may_equal(3, dynamic) && may_equal(dynamic, 3) && may_equal(dynamic, dynamic));
  static_assert(!may_equal(3, 4));
  static_assert(may_broadcast(1, 4) && may_broadcast(4, 1) && may_broadcast(dynamic, 4) && !may_broadcast(3, 4));
  static_assert(known(3, dynamic) == 3 && known(dynamic, 3) == 3 && known(dynamic, dynamic) == dynamic);
  static_assert(broadcast(1, 4) == 4 && broadcast(4, 1) == 4 && broadcast(4, 4) == 4 && broadcast(1, 1) == 1);
  static_assert(broadcast(1, dynamic) == dynamic && broadcast(dynamic, 4) == 4 && broadcast(4, dynamic) == 4);
  static_assert(broadcast(1, 0) == 0);
  static_assert(product(3, 4) == 12 && product(3, dynamic) == dynamic && product(dynamic, 4) == dynamic);
}

TEST_CASE("an error about shapes names the operation, the rule and both") {
  CHECK_NOTHROW(detail::require_shapes(true, "matmul", "rule", {1, 2}, {3, 4}));
  try {
    detail::require_shapes(false, "matmul", "sizes must agree", {1, 2}, {3, 4});
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(std::string(error.what()) == "matmul: sizes must agree; found [1, 2] and [3, 4]");
  }
}
