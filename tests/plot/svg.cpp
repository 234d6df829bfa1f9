#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <tinynet/plot/svg.hpp>
#include <vector>

using namespace tinynet;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

// What is between `before` and the next `after`, each time.
std::vector<std::string> all_between(const std::string& text, std::string_view before, std::string_view after) {
  std::vector<std::string> result;
  for (std::size_t at = 0; (at = text.find(before, at)) != text.npos;) {
    at += before.size();
    result.push_back(text.substr(at, text.find(after, at) - at));
  }
  return result;
}

// Every tag is closed in its place, and no '<' or '&' stands for itself.
void check_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  std::size_t roots = 0;
  for (std::size_t at = xml.find('<'); at != xml.npos; at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    REQUIRE(end != xml.npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    CHECK(tag.find('<') == tag.npos);
    CHECK(times(tag, "\"") % 2 == 0);
    if (tag.front() == '/') {
      REQUIRE(!open.empty());
      CHECK(tag.substr(1) == open.back());
      open.pop_back();
    } else if (tag.back() != '/') {
      roots += open.empty() ? 1 : 0;
      open.push_back(tag.substr(0, tag.find(' ')));
    }
  }
  CHECK(open.empty());
  CHECK(roots == 1);
  for (std::size_t at = 0; (at = xml.find('&', at)) != xml.npos; ++at) {
    const std::string entity = xml.substr(at, xml.find(';', at) - at + 1);
    CHECK((entity == "&amp;" || entity == "&lt;" || entity == "&gt;" || entity == "&quot;"));
  }
}

struct Point {
  double x, y;
};

// The points of a path's data.
std::vector<Point> points_of(const std::string& path) {
  std::vector<Point> points;
  for (std::size_t at = 0; (at = path.find_first_of("ML", at)) != path.npos;) {
    char* end = nullptr;
    const double x = std::strtod(path.c_str() + at + 1, &end);
    points.push_back({x, std::strtod(end, &end)});
    at = static_cast<std::size_t>(end - path.c_str());
  }
  return points;
}

// The paths of the curves: those of the linear chart, then those of the logarithmic one.
std::vector<std::string> paths_of(const std::vector<Curve>& curves) {
  const std::string svg = svg_chart(curves, {"title", "step", "loss"});
  check_well_formed(svg);
  CHECK(svg.find("nan") == svg.npos);
  CHECK(svg.find("inf") == svg.npos);
  const auto paths = all_between(svg, "<path d=\"", "\"");
  REQUIRE(paths.size() == 2 * curves.size());
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (const Point p : points_of(paths[i])) {  // inside its half of the paper
      const double left = i < curves.size() ? 0 : 480;
      CHECK((p.x > left + 50 && p.x < left + 480 && p.y > 30 && p.y < 260));
    }
  return paths;
}

}  // namespace

TEST_CASE("a falling curve falls, in both charts") {
  const auto paths = paths_of({{"loss", {0, 100, 200}, {10, 1, 0.1}}});
  const auto linear = points_of(paths[0]), logarithmic = points_of(paths[1]);
  REQUIRE(linear.size() == 3);
  REQUIRE(logarithmic.size() == 3);
  CHECK(times(paths[0], "M") == 1);
  CHECK(linear[0].y < linear[1].y);  // down the paper is more
  CHECK(linear[1].y < linear[2].y);
  CHECK(linear[1].x - linear[0].x == doctest::Approx(linear[2].x - linear[1].x).epsilon(0.01));
  CHECK(logarithmic[1].y - logarithmic[0].y == doctest::Approx(logarithmic[2].y - logarithmic[1].y).epsilon(0.01));
  CHECK(linear[1].y - linear[0].y == doctest::Approx(10 * (linear[2].y - linear[1].y)).epsilon(0.05));
}

TEST_CASE("a number that is none is a gap") {
  for (const double hole : {none, inf, -inf}) {
    const auto paths = paths_of({{"loss", {0, 1, 2, 3, 4}, {5, 4, hole, 2, 1}}});
    for (const std::string& path : paths) {
      CHECK(times(path, "M") == 2);
      CHECK(points_of(path).size() == 4);
    }
  }
}

TEST_CASE("numbers at or below 0 are gaps in the logarithmic chart only") {
  const auto paths = paths_of({{"loss", {0, 1, 2, 3, 4}, {5, 0, 3, -1, 1}}});
  CHECK(points_of(paths[0]).size() == 5);
  CHECK(times(paths[0], "M") == 1);
  CHECK(points_of(paths[1]).size() == 3);
  CHECK(times(paths[1], "M") == 3);
  CHECK(points_of(paths_of({{"loss", {0, 1}, {-1, -2}}})[1]).empty());
}

TEST_CASE("a constant curve is a line in the middle") {
  for (const double level : {2.3, 0.0, -7.0, 1e-30, 1e30}) {
    CAPTURE(level);
    const auto paths = paths_of({{"loss", {0, 1, 2}, {level, level, level}}});
    const auto points = points_of(paths[0]);
    REQUIRE(points.size() == 3);
    CHECK(points[0].y == points[2].y);
    CHECK(std::abs(points[0].y - 149) < 5);
    CHECK(points_of(paths[1]).size() == (level > 0 ? 3 : 0));
  }
}

TEST_CASE("one point is a dot: a line of no length") {
  for (const std::string& path : paths_of({{"loss", {7}, {2.5}}})) {
    CHECK(points_of(path).size() == 1);
    CHECK(path.ends_with("h0"));
  }
}

TEST_CASE("nothing to draw is a chart all the same") {
  CHECK(points_of(paths_of({{"empty", {}, {}}})[0]).empty());
  CHECK(points_of(paths_of({{"none", {0, 1, 2}, {none, none, none}}})[0]).empty());
  CHECK(paths_of({}).empty());
  CHECK(times(svg_chart({}, {"", "", ""}), "class=\"axis\"") == 4);
}

TEST_CASE("a long curve is thinned") {
  Curve curve{"loss", {}, {}};
  for (int i = 0; i < 50000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(1.0 / (i + 1));
  }
  const auto points = points_of(paths_of({curve})[0]);
  CHECK(points.size() <= 2000);
  CHECK(points.size() > 500);
}

TEST_CASE("several curves have their names and colours, and one pair of axes") {
  const std::vector<Curve> curves{{"a<b", {0, 10}, {1, 2}}, {"\"c\" & d", {5, 20}, {3, 4}}};
  const auto paths = paths_of(curves);
  CHECK(points_of(paths[0])[1].x < points_of(paths[1])[1].x);
  CHECK(points_of(paths[0])[1].y > points_of(paths[1])[0].y);
  const std::string svg = svg_chart(curves, {"title & more", "x <", "y >"});
  check_well_formed(svg);
  CHECK(times(svg, "<title>a&lt;b</title>") == 2);
  CHECK(times(svg, "<title>&quot;c&quot; &amp; d</title>") == 2);
  CHECK(times(svg, "title &amp; more") == 2);
  CHECK(times(svg, "y &gt; (log)") == 1);
  CHECK(times(svg, "x &lt;") == 2);
  const auto colors = all_between(svg, "stroke=\"", "\"");
  REQUIRE(colors.size() == 4);
  CHECK(colors[0] != colors[1]);
  CHECK(colors[0] == colors[2]);
  for (std::size_t i = 0; i < 4; ++i) CHECK(colors[i] == curve_color(i % 2, 2));  // as on a web page
}

TEST_CASE("ticks of a linear axis are few round numbers inside it") {
  const std::vector<std::pair<double, double>> ends{{0, 4999},    {0, 1},        {2.17, 2.31}, {-3, 12},
                                                    {1e-8, 3e-8}, {-1e30, 1e30}, {4987, 5003}, {0, 7}};
  for (const auto& [first, last] : ends) {
    const double low = first, high = last;
    CAPTURE(low);
    CAPTURE(high);
    const auto ticks = detail::Axis{low, high, 0, 100}.ticks();
    REQUIRE(ticks.size() >= 3);
    CHECK(ticks.size() <= 10);
    const double step = ticks[1] - ticks[0], power = std::pow(10, std::floor(std::log10(step) + 1e-6));
    const double digit = step / power;
    CHECK((std::abs(digit - 1) < 1e-6 || std::abs(digit - 2) < 1e-6 || std::abs(digit - 5) < 1e-6));
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      CHECK(ticks[i] >= low - step * 1e-6);
      CHECK(ticks[i] <= high + step * 1e-6);
      CHECK(std::abs(std::remainder(ticks[i], step)) < step * 1e-6);
      if (i > 0) CHECK(ticks[i] - ticks[i - 1] == doctest::Approx(step));
    }
  }
  for (const double tick : detail::Axis{-1, 1, 0, 100}.ticks()) CHECK_FALSE((tick == 0 && std::signbit(tick)));
}

TEST_CASE("ticks of a logarithmic axis are 1, 2, 5 of a decade, or the decades alone if these are many") {
  using Numbers = std::vector<double>;
  const auto ticks = [](double low, double high) { return detail::Axis{low, high, 0, 100, true}.ticks(); };
  const auto same = [](const Numbers& a, const Numbers& b) {
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == doctest::Approx(b[i]).epsilon(1e-12));
  };
  same(ticks(0.1, 13), {0.1, 0.2, 0.5, 1, 2, 5, 10});
  same(ticks(1, 10), {1, 2, 5, 10});
  same(ticks(3e-4, 20), {1e-3, 1e-2, 0.1, 1, 10});
  const auto narrow = ticks(2.2, 2.4);  // less than a decade: as if linear
  CHECK(narrow.size() >= 3);
}

TEST_CASE("the steps of a training end on a tick") {
  for (const int steps : {50, 500, 5000, 20000}) {
    Curve curve{"loss", {}, {}};
    for (int i = 0; i < steps; ++i) {
      curve.x.push_back(i);
      curve.y.push_back(2 + 1.0 / (i + 1));
    }
    CAPTURE(steps);
    const std::string svg = svg_chart({&curve, 1}, {"", "", ""});
    CHECK(times(svg, ">" + std::to_string(steps) + "</text>") == (steps == 50 ? 0 : 2));  // 49 is not that near
    for (const Point p : points_of(paths_of({curve})[0])) CHECK(p.x <= 466.01);
  }
}

TEST_CASE("a spike at the beginning leaves the linear chart its room, and is told in a number") {
  Curve curve{"loss", {}, {}};
  for (int i = 0; i < 1000; ++i) {
    curve.x.push_back(i);
    curve.y.push_back(i < 5 ? 1500.0 / (1 << i) : 1 - i / 2000.0);
  }
  const auto paths = paths_of({curve});
  const auto linear = points_of(paths[0]), logarithmic = points_of(paths[1]);
  CHECK(linear.back().y - linear[linear.size() / 4].y > 30);  // was less than a pixel
  CHECK(linear.front().y == doctest::Approx(44));             // the upper end of the axis
  CHECK(logarithmic.front().y == doctest::Approx(44));
  const std::string svg = svg_chart({&curve, 1}, {"", "", ""});
  CHECK(times(svg, "\u2191 1500</text>") == 1);
  // Without one, nothing is left out.
  for (double& y : curve.y) y = std::min(y, 1.2);
  CHECK(times(svg_chart({&curve, 1}, {"", "", ""}), "\u2191") == 0);
}

TEST_CASE("a place on the axis") {
  const detail::Axis linear{10, 20, 100, 300}, down{10, 20, 300, 100}, logarithmic{1, 100, 0, 50, true};
  CHECK(linear.place(10) == 100);
  CHECK(linear.place(15) == 200);
  CHECK(down.place(15) == 200);
  CHECK(down.place(20) == 100);
  CHECK(logarithmic.place(10) == doctest::Approx(25));
}
