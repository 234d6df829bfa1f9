// Curves as an SVG picture: once with a linear axis, once with a logarithmic one.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/number_text.hpp>
#include <tinynet/plot/curve.hpp>
#include <tinynet/plot/markup.hpp>
#include <vector>

namespace tinynet {

/// What is written on a chart.
struct ChartText {
  std::string title, x_label, y_label;  ///< above, below and beside it
};

namespace detail {

// From numbers to places on the paper.
struct Axis {
  double low, high;  // numbers
  double from, to;   // where these two are
  bool logarithmic = false;

  double place(double number) const {
    const auto scaled = [this](double v) { return logarithmic ? std::log10(v) : v; };
    return from + (to - from) * (scaled(number) - scaled(low)) / (scaled(high) - scaled(low));
  }

  // Round numbers between the two ends.
  std::vector<double> ticks() const {
    std::vector<double> result;
    const auto add = [&](double v) {
      if (v >= low * (1 - 1e-12) - 1e-300 && v <= high * (1 + 1e-12)) result.push_back(v);
    };
    if (logarithmic && high / low >= 10) {
      const bool few = high / low < 1e4;
      for (int decade = static_cast<int>(std::floor(std::log10(low))); std::pow(10, decade) <= high; ++decade)
        for (const double digit : {1.0, 2.0, 5.0})
          if (few || digit == 1) add(digit * std::pow(10, decade));
      return result;
    }
    const double rough = (high - low) / 5, power = std::pow(10, std::floor(std::log10(rough)));
    const double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
    for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i)
      result.push_back(i * step + 0.0);  // 0, not -0
    return result;
  }
};

// The end of a linear axis on which a few numbers far above all others, the first steps of a training, do not press
// these flat: twice what all but a fiftieth of them reach, if the highest is beyond.
inline double without_spikes(std::span<const Curve> curves, double low, double high) {
  std::vector<double> all;
  for (const Curve& curve : curves)
    for (const double v : curve.y)
      if (std::isfinite(v)) all.push_back(v);
  if (all.size() < 50) return high;
  const auto most = all.begin() + static_cast<std::ptrdiff_t>(all.size() - all.size() / 50 - 1);
  std::nth_element(all.begin(), most, all.end());
  const double end = low + 2 * (*most - low);
  return *most > low && end < high ? end : high;
}

// The smallest axis that has all numbers, a little wider if that is only a point.
inline Axis axis_of(std::span<const Curve> curves, std::vector<double> Curve::*part, bool logarithmic, double from,
                    double to) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Curve& curve : curves)
    for (const double v : curve.*part)
      if (std::isfinite(v) && (!logarithmic || v > 0)) low = std::min(low, v), high = std::max(high, v);
  if (low > high) low = logarithmic ? 0.1 : 0, high = 1;
  if (high - low <= 1e-12 * std::abs(high)) {
    const double margin = high == 0 ? 1 : std::abs(high) / 2;
    low -= margin, high += margin;
  }
  return {low, high, from, to, logarithmic};
}

inline std::string svg_panel(std::span<const Curve> curves, const ChartText& text, double left, bool logarithmic) {
  constexpr double width = 480, height = 300, margin_left = 62, margin_top = 44, margin_bottom = 46, margin_right = 14;
  Axis x = axis_of(curves, &Curve::x, false, left + margin_left, left + width - margin_right);
  Axis y = axis_of(curves, &Curve::y, logarithmic, height - margin_bottom, margin_top);
  // 5000 steps are 0 to 4999: the axis goes on to a round number that is that near.
  std::vector<double> x_ticks = x.ticks();
  if (x_ticks.size() >= 2)
    if (const double next = x_ticks.back() + x_ticks[1] - x_ticks[0]; next - x.high <= 0.02 * (x.high - x.low)) {
      x.high = next;
      x_ticks.push_back(next);
    }
  const double highest = y.high;
  if (!logarithmic) y.high = without_spikes(curves, y.low, y.high);
  const auto number = [](double v) { return fixed(v, 1); };
  const auto words = [](double column, double row, const std::string& what, const char* more) {
    return "<text x=\"" + fixed(column, 1) + "\" y=\"" + fixed(row, 1) + "\" " + more + ">" + html_text(what) +
           "</text>\n";
  };
  const auto line = [&](double x1, double y1, double x2, double y2, const char* kind) {
    return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
           "\" class=\"" + kind + "\"/>\n";
  };
  std::string svg;
  for (const double tick : x_ticks) {
    svg += line(x.place(tick), y.from, x.place(tick), y.to, "grid");
    svg += words(x.place(tick), y.from + 16, significant(tick, 6), "text-anchor=\"middle\"");
  }
  for (const double tick : y.ticks()) {
    svg += line(x.from, y.place(tick), x.to, y.place(tick), "grid");
    svg += words(x.from - 6, y.place(tick) + 4, significant(tick, 6), "text-anchor=\"end\"");
  }
  svg += line(x.from, y.from, x.to, y.from, "axis") + line(x.from, y.from, x.from, y.to, "axis");
  svg += words((x.from + x.to) / 2, height - 8, text.x_label, "text-anchor=\"middle\"");
  svg += words(x.from - 44, y.to - 10, text.y_label + (logarithmic ? " (log)" : ""), "");
  if (y.high < highest)  // what the axis leaves out goes along its end
    svg += words(x.to, y.to - 10, "\u2191 " + significant(highest, 4), "text-anchor=\"end\"");
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const Curve curve = thinned(curves[c], 2000);
    std::string path;
    bool drawing = false;
    for (std::size_t i = 0; i < curve.y.size(); ++i) {
      const bool here = std::isfinite(curve.y[i]) && (!logarithmic || curve.y[i] > 0);
      if (here)
        path +=
            (drawing ? "L" : "M") + number(x.place(curve.x[i])) + " " + number(y.place(std::min(curve.y[i], y.high)));
      if (here && !drawing) path += "h0";  // a point between gaps is a dot
      drawing = here;
    }
    svg += "<path d=\"" + path + "\" stroke=\"" + curve_color(c, curves.size()) + "\"><title>" + html_text(curve.name) +
           "</title></path>\n";
  }
  return svg;
}

}  // namespace detail

/// An SVG file with two charts side by side: y linear, and y logarithmic (where numbers below or at 0 are gaps). Light
/// or dark as the reader has it.
inline std::string svg_chart(std::span<const Curve> curves, const ChartText& text) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 300\" width=\"960\" height=\"300\" role=\"img\" "
         "font-family=\"sans-serif\" font-size=\"12\">\n<title>" +
         html_text(text.title) +
         "</title>\n<style>.paper{fill:#fff}text{fill:#222}path{fill:none;stroke-width:1.5;stroke-linejoin:round;"
         "stroke-linecap:round}"
         ".grid{stroke:#ddd}.axis{stroke:#666}@media(prefers-color-scheme:dark){.paper{fill:#16181c}text{fill:#ddd}"
         ".grid{stroke:#333}.axis{stroke:#999}}</style>\n<rect class=\"paper\" width=\"960\" height=\"300\"/>\n"
         "<text x=\"480\" y=\"18\" text-anchor=\"middle\" font-size=\"15\">" +
         html_text(text.title) + "</text>\n" + detail::svg_panel(curves, text, 0, false) +
         detail::svg_panel(curves, text, 480, true) + "</svg>\n";
}

}  // namespace tinynet
