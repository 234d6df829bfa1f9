#include <doctest/doctest.h>

#include <tinynet/core/compensated.hpp>

TEST_CASE("what rounding keeps from a parameter is not lost") {
  float parameter = 1, lost = 0;
  for (int i = 0; i < 1000; ++i) tinynet::detail::subtract_compensated(parameter, 1e-8f, lost);
  CHECK(parameter == doctest::Approx(1 - 1e-5).epsilon(1e-7));
}
