#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <tinynet/plot/curve.hpp>

using namespace tinynet;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

// x: 0, 2, 4, ...; y: a falling wave.
Curve wave(std::size_t n) {
  Curve curve{"wave", {}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    curve.x.push_back(2.0 * static_cast<double>(i));
    curve.y.push_back(1 / (1 + static_cast<double>(i)) + 0.1 * std::sin(static_cast<double>(i)));
  }
  return curve;
}

bool has(const Curve& curve, double x) { return std::find(curve.x.begin(), curve.x.end(), x) != curve.x.end(); }

// Every point is one of the other's, in its order.
void check_part_of(const Curve& part, const Curve& whole) {
  REQUIRE(part.x.size() == part.y.size());
  CHECK(part.name == whole.name);
  for (std::size_t i = 0; i < part.x.size(); ++i) {
    if (i > 0) CHECK(part.x[i] > part.x[i - 1]);
    const double y = whole.y.at(static_cast<std::size_t>(part.x[i] / 2));
    CHECK((part.y[i] == y || (std::isnan(part.y[i]) && std::isnan(y))));
  }
}

}  // namespace

TEST_CASE("a curve of few points stays as it is") {
  const Curve curve = wave(100);
  CHECK(thinned(curve, 100).y == curve.y);
  CHECK(thinned(curve, 1000).x == curve.x);
  CHECK(thinned({}, 10).y.empty());
  CHECK(thinned(wave(1), 0).y.size() == 1);
}

TEST_CASE("a long curve gets no more points than was asked for, spread over all of it") {
  for (const std::size_t n : {101u, 500u, 4999u, 100000u})
    for (const std::size_t most : {5u, 7u, 64u, 100u}) {
      CAPTURE(n);
      CAPTURE(most);
      const Curve curve = wave(n), thin = thinned(curve, most);
      check_part_of(thin, curve);
      CHECK(thin.y.size() <= most);
      CHECK(thin.y.size() >= most / 3);
      CHECK(thin.x.front() == curve.x.front());
      CHECK(thin.x.back() == curve.x.back());
    }
  CHECK(thinned(wave(100), 0).y.size() <= 5);
}

TEST_CASE("no spike is lost, wherever it is") {
  for (std::size_t at = 0; at < 1000; at += 37)
    for (const double spike : {1e6, -1e6}) {
      Curve curve = wave(1000);
      curve.y[at] = spike;
      const Curve thin = thinned(curve, 50);
      check_part_of(thin, curve);
      CHECK(has(thin, curve.x[at]));
    }
}

TEST_CASE("a gap stays a gap and hides no spike beside it") {
  for (const double hole : {none, inf, -inf})
    for (const std::size_t at : {0u, 1u, 500u, 510u, 519u, 999u}) {
      CAPTURE(hole);
      CAPTURE(at);
      Curve curve = wave(1000);
      curve.y[at] = hole;
      curve.y[505] = 1e6;
      curve.y[515] = -1e6;
      const Curve thin = thinned(curve, 250);  // stretches of 20 points
      check_part_of(thin, curve);
      CHECK(has(thin, curve.x[at]));
      CHECK(has(thin, curve.x[505]));
      CHECK(has(thin, curve.x[515]));
    }
}

TEST_CASE("a curve without any number stays one") {
  Curve curve = wave(1000);
  std::fill(curve.y.begin(), curve.y.end(), none);
  const Curve thin = thinned(curve, 100);
  CHECK(thin.y.size() >= 20);
  CHECK(thin.y.size() <= 100);
  for (const double y : thin.y) CHECK(std::isnan(y));
}
