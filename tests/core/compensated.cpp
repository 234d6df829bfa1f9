#include <doctest/doctest.h>

#include <limits>
#include <tinynet/core/compensated.hpp>

TEST_CASE("what rounding keeps from a parameter is not lost") {
  float parameter = 1, lost = 0;
  for (int i = 0; i < 1000; ++i) tinynet::detail::subtract_compensated(parameter, 1e-8f, lost);
  CHECK(parameter == doctest::Approx(1 - 1e-5).epsilon(1e-7));
}

TEST_CASE("what was lost counts for the number that it was lost from") {
  using tinynet::detail::still_lost;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(still_lost(1.0f, 1.0f, 1e-9f) == 1e-9f);
  CHECK(still_lost(0.0f, 1.0f, 1e-9f) == 0);
  CHECK(still_lost(1.0f, nan, nan) == 0);
  CHECK(still_lost(1.0f, 1.0f + 0x1p-23f, 1e-9f) == 0);
}
