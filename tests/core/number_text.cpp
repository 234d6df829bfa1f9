#include <doctest/doctest.h>

#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <tinynet/core/number_text.hpp>

using namespace tinynet::detail;

TEST_CASE("the shortest text of a number is read back as the same") {
  CHECK(shortest(0.1f) == "0.1");
  CHECK(shortest(0.1) == "0.1");
  CHECK(shortest(1.0f / 3) == "0.33333334");
  CHECK(shortest(1.0 / 3) == "0.3333333333333333");
  CHECK(shortest(-0.0f) == "-0");
  CHECK(shortest(42) == "42");
  CHECK(shortest(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  std::uint32_t bits = 12345;
  for (int i = 0; i < 2000; ++i) {
    bits = bits * 1664525 + 1013904223;
    const float number = std::ldexp(static_cast<float>(bits), static_cast<int>(bits >> 8 & 127) - 96);
    CHECK(std::strtof(shortest(number).c_str(), nullptr) == number);
    CHECK(std::strtof(significant(static_cast<double>(number), 9).c_str(), nullptr) == number);
    CHECK(shortest(number).size() <= significant(static_cast<double>(number), 9).size());
  }
}

TEST_CASE("the ends of the range fit") {
  using Double = std::numeric_limits<double>;
  CHECK(std::strtod(shortest(Double::denorm_min()).c_str(), nullptr) == Double::denorm_min());
  CHECK(std::strtod(shortest(-Double::max()).c_str(), nullptr) == -Double::max());
  CHECK(significant(Double::max(), 17) == "1.7976931348623157e+308");
  CHECK(fixed(Double::max(), 6).size() == 309 + 7);
  CHECK(std::strtod(fixed(-Double::max(), 6).c_str(), nullptr) == -Double::max());
}

TEST_CASE("so many significant digits, and no zeros after them") {
  CHECK(significant(2.5, 6) == "2.5");
  CHECK(significant(1.0 / 3, 4) == "0.3333");
  CHECK(significant(123456.7, 4) == "1.235e+05");
  CHECK(significant(1e-7, 4) == "1e-07");
  CHECK(significant(0, 6) == "0");
  CHECK(significant(5000, 6) == "5000");
}

TEST_CASE("so many digits after the point, rounded to the nearest") {
  CHECK(fixed(1.0 / 3, 2) == "0.33");
  CHECK(fixed(2.0 / 3, 2) == "0.67");
  CHECK(fixed(3, 1) == "3.0");
  CHECK(fixed(-0.04, 1) == "-0.0");
  CHECK(fixed(99.995, 0) == "100");
  CHECK(fixed(1e21, 0) == "1000000000000000000000");
}

TEST_CASE("what is no number has a name") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  CHECK(shortest(nan) == "nan");
  CHECK(significant(inf, 6) == "inf");
  CHECK(fixed(-inf, 2) == "-inf");
}

TEST_CASE("the locale changes nothing") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* const name : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"})  // with a comma, where installed
    if (std::setlocale(LC_ALL, name) != nullptr) break;
  CHECK(shortest(1.5) == "1.5");
  CHECK(significant(1234.5, 6) == "1234.5");
  CHECK(fixed(1234.5, 2) == "1234.50");
  std::setlocale(LC_ALL, before.c_str());
}
