#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <tinynet/plot/html.hpp>
#include <vector>

using namespace tinynet;

namespace {

std::size_t times(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++count;
  return count;
}

// The data that a chart has beside it, as its script reads them.
nlohmann::json data_of(const std::string& chart) {
  const std::string before = "<script type=\"application/json\">";
  const std::size_t begin = chart.find(before) + before.size(), end = chart.find("</script>", begin);
  REQUIRE(begin >= before.size());
  return nlohmann::json::parse(chart.substr(begin, end - begin));
}

const std::vector<ChartView> two_views{{"step", {{"a", {0, 1, 2}, {3.5, 2, 1}}, {"b", {0, 2}, {1, 0.5}}}},
                                       {"second", {{"a", {0, 0.5, 1}, {3.5, 2, 1}}, {"b", {0, 4}, {1, 0.5}}}}};

}  // namespace

TEST_CASE("a chart carries its numbers, names and words") {
  const auto data = data_of(html_chart(
      "loss", two_views, {.y_label = "the loss", .logarithmic = true, .log_label = "log", .reset_label = "all"}));
  CHECK(data["y"] == "the loss");
  CHECK(data["logarithmic"] == true);
  CHECK(data["log"] == "log");
  CHECK(data["reset"] == "all");
  REQUIRE(data["views"].size() == 2);
  for (std::size_t v = 0; v < 2; ++v) {
    const auto& view = data["views"][v];
    CHECK(view["x"] == two_views[v].x_label);
    REQUIRE(view["curves"].size() == 2);
    for (std::size_t c = 0; c < 2; ++c) {
      CHECK(view["curves"][c]["name"] == two_views[v].curves[c].name);
      CHECK(view["curves"][c]["x"] == two_views[v].curves[c].x);
      CHECK(view["curves"][c]["y"] == two_views[v].curves[c].y);
    }
    CHECK(view["curves"][0]["color"] != view["curves"][1]["color"]);
  }
}

TEST_CASE("numbers that are not finite become null, and every other comes back exactly") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const std::vector<double> y{nan, inf, -inf, 0.1, 1e-310, 1.7976931348623157e308, -1.0 / 3};
  const auto data = data_of(html_chart("c", {{"x", {{"y", {0, 1, 2, 3, 4, 5, 6}, y}}}}, {}));
  const auto& read = data["views"][0]["curves"][0]["y"];
  for (std::size_t i = 0; i < 3; ++i) CHECK(read[i].is_null());
  for (std::size_t i = 3; i < y.size(); ++i) CHECK(read[i].get<double>() == y[i]);
}

TEST_CASE("no name can end the script or be taken for HTML") {
  const std::string bad = "</script><b>&\"'<!--";
  const std::string chart = html_chart("a\"b", {{bad, {{bad, {0}, {1}}}}}, {.y_label = bad, .hint = bad});
  CHECK(times(chart, "</script>") == 1);
  CHECK(times(chart, "<b>") == 0);
  CHECK(times(chart, "<!--") == 0);
  CHECK(chart.find("id=\"a&quot;b\"") != chart.npos);
  const auto data = data_of(chart);
  CHECK(data["y"] == bad);
  CHECK(data["views"][0]["x"] == bad);
  CHECK(data["views"][0]["curves"][0]["name"] == bad);
  // A name that is no UTF-8 is shown as far as it can be.
  CHECK(data_of(html_chart("c", {{"x", {{"a\xff", {0}, {1}}}}}, {}))["views"][0]["curves"][0]["name"] == "a\ufffd");
}

TEST_CASE("what is shown without the library stands in the plot") {
  const std::string chart = html_chart("c", two_views, {.instead = "<svg>picture</svg>", .hint = "a < b"});
  CHECK(chart.find("<div class=\"plot\"><svg>picture</svg></div>") != chart.npos);
  CHECK(chart.find("a &lt; b</figcaption>") != chart.npos);
}

TEST_CASE("a page has the library and the script once, and its title and language escaped") {
  HtmlPage page("a <title>", "en\"", {"LIBRARY_SCRIPT", "LIBRARY_STYLE"});
  page.add("<h1>first</h1>");
  page.add(html_chart("one", two_views, {}));
  page.add(html_chart("two", two_views, {}));
  const std::string text = page.text();
  CHECK(text.starts_with("<!DOCTYPE html>\n<html lang=\"en&quot;\">"));
  CHECK(text.ends_with("</html>\n"));
  CHECK(times(text, "<title>a &lt;title&gt;</title>") == 1);
  CHECK(times(text, "LIBRARY_SCRIPT") == 1);
  CHECK(times(text, "LIBRARY_STYLE") == 1);
  CHECK(times(text, std::string(detail::chart_script)) == 1);
  CHECK(times(text, std::string(detail::html_style)) == 1);
  CHECK(times(text, "<figure class=\"chart\"") == 2);
  CHECK(text.find("<h1>first</h1>") < text.find("id=\"one\""));
  CHECK(text.find("id=\"one\"") < text.find("id=\"two\""));
  CHECK(text.find("id=\"two\"") < text.find("LIBRARY_SCRIPT"));  // charts are there when it runs
  CHECK(text.find("LIBRARY_SCRIPT") < text.find(detail::chart_script));
  CHECK(times(text, "<script") == times(text, "</script>"));
  CHECK(times(text, "<style") == times(text, "</style>"));
  CHECK(page.text() == text);
}

TEST_CASE("a page takes nothing from elsewhere") {
  const std::string text = HtmlPage("t", "en", {}).text();
  CHECK(times(text, "http") == 0);
  CHECK(times(text, "src=") == 0);
  CHECK(times(text, "href=") == 1);  // the icon: none
  CHECK(times(text, "href=\"data:,\"") == 1);
  CHECK(times(text, "@import") == 0);
  CHECK(times(text, "url(") == 0);
}

TEST_CASE("curves have different colours") {
  for (const std::size_t n : {1u, 2u, 3u, 8u, 24u}) {
    std::set<std::string> colors;
    for (std::size_t i = 0; i < n; ++i) colors.insert(curve_color(i, n));
    CHECK(colors.size() == n);
  }
  CHECK(curve_color(0, 0).starts_with("hsl("));
}

TEST_CASE("script and style are whole: every bracket is closed") {
  for (const std::string_view text : {detail::chart_script, detail::html_style}) {
    std::string open;
    for (const char c : text) {
      if (c == '{' || c == '(' || c == '[') open += c;
      if (c != '}' && c != ')' && c != ']') continue;
      REQUIRE(!open.empty());
      CHECK(open.back() == (c == '}' ? '{' : c == ')' ? '(' : '['));
      open.pop_back();
    }
    CHECK(open.empty());
    CHECK(text.find("</s") == text.npos);
  }
}
