// Self-contained web pages with interactive charts: one file that opens from disk, without a server or a network.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>  // not found? Debian: apt-get install nlohmann-json3-dev
#include <string>
#include <string_view>
#include <tinynet/plot/curve.hpp>
#include <tinynet/plot/html_style.hpp>
#include <tinynet/plot/markup.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// The chart library dygraphs (https://dygraphs.com, MIT licence, 2.x): the texts of dygraph.min.js and
/// dygraph.min.css, as Debian's libjs-dygraphs and other registries have them. Without them a page shows what its
/// charts have as `instead`.
struct ChartLibrary {
  std::string_view script, style;  ///< the texts of its JavaScript and CSS
};

/// The same curves over one x: by step, by second.
struct ChartView {
  std::string x_label;        ///< under the chart
  std::vector<Curve> curves;  ///< in the order of the legend
};

/// What is written on a chart and beside it.
struct ChartOptions {
  std::string y_label = {};             ///< beside the chart
  std::string instead = {};             ///< HTML for readers without the library or without JavaScript
  bool logarithmic = false;             ///< does y begin on a log scale?
  std::string log_label = "log scale";  ///< of the box that switches the scale
  std::string reset_label = "whole";    ///< of the button that ends zooming
  std::string hint = "drag to zoom, shift and drag to move, double-click to see the whole";  ///< under the chart
};

/// A chart: hover shows the values, dragging zooms, a switch makes y logarithmic and another one, if there are several
/// views, changes what x is. In a page's script, `document.getElementById(id).show({0: true, 3: false})` shows and
/// hides curves by their numbers.
inline std::string html_chart(std::string_view id, const std::vector<ChartView>& views, const ChartOptions& options) {
  nlohmann::json data{{"y", options.y_label},
                      {"logarithmic", options.logarithmic},
                      {"log", options.log_label},
                      {"reset", options.reset_label}};
  for (const ChartView& view : views) {
    nlohmann::json curves = nlohmann::json::array();
    for (std::size_t i = 0; i < view.curves.size(); ++i) {
      const Curve& curve = view.curves[i];  // numbers that are not finite become null, which is a gap
      curves.push_back(
          {{"name", curve.name}, {"x", curve.x}, {"y", curve.y}, {"color", curve_color(i, view.curves.size())}});
    }
    data["views"].push_back({{"x", view.x_label}, {"curves", std::move(curves)}});
  }
  std::string text = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != text.npos;) text.replace(at, 1, "\\u003c");  // no </script>
  return "<figure class=\"chart\" id=\"" + html_text(id) +
         "\">\n<div class=\"switches\"></div>\n<div class=\"frame\"><div class=\"plot\">" + options.instead +
         "</div>\n<div class=\"values\" aria-live=\"off\"></div></div>\n<figcaption class=\"hint\">" +
         html_text(options.hint) + "</figcaption>\n<script type=\"application/json\">" + text +
         "</script>\n</figure>\n";
}

/// A page in the making.
class HtmlPage {
 public:
  /// `language`: "en", "zh-Hans", ... Title and language are plain text, what is added is HTML.
  HtmlPage(std::string title, std::string language, ChartLibrary library)
      : title_(std::move(title)), language_(std::move(language)), library_(library) {}

  /// Appends HTML to the page, as it is.
  void add(std::string_view html) { body_ += html; }

  /// The whole file.
  std::string text() const {
    const auto within = [](const char* tag, std::string_view text) {
      return "<" + std::string(tag) + ">\n" + std::string(text) + "\n</" + tag + ">\n";
    };
    return "<!DOCTYPE html>\n<html lang=\"" + html_text(language_) +
           "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
           "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
           html_text(title_) + "</title>\n<link rel=\"icon\" href=\"data:,\">\n" + within("style", library_.style) +
           within("style", detail::html_style) + "</head>\n<body>\n<main>\n" + body_ + "</main>\n" +
           within("script", library_.script) + within("script", detail::chart_script) + "</body>\n</html>\n";
  }

 private:
  std::string title_, language_;
  ChartLibrary library_;
  std::string body_;
};

}  // namespace tinynet
