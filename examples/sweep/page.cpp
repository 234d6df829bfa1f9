#include "page.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <tinynet/core/version.hpp>
#include <tinynet/io/file.hpp>
#include <tinynet/plot/html.hpp>
#include <tinynet/plot/svg.hpp>
#include <utility>

#include "../mnist/chart_library.hpp"
#include "../mnist/checks.hpp"
#include "columns.hpp"
#include "page_script.hpp"
#include "tidy.hpp"

namespace sweep {
namespace {

using tinynet::html_text;

/// The settings that are not the same in all results.
std::vector<const Setting*> varied(const std::vector<RankedResult>& rows) {
  std::vector<const Setting*> list;
  for (const Setting& s : settings())
    if (std::any_of(rows.begin(), rows.end(), [&](const RankedResult& row) {
          return s.text(row.result->configuration) != s.text(rows.front().result->configuration);
        }))
      list.push_back(&s);
  return list;
}

/// What tells a training from the others: "hidden 64, lr 0.01".
std::string name_of(const Configuration& c, const std::vector<const Setting*>& varied) {
  std::string name;
  for (const Setting* s : varied) {
    const std::string value = s->text(c).value_or("default");
    const bool all_rows = s->name == "batch" && c.batch == 0;
    name += (name.empty() ? "" : ", ") + (all_rows ? "all rows" : s->name + " " + (value.empty() ? "none" : value));
  }
  return name.empty() ? "loss" : name;
}

std::string chart(const std::vector<RankedResult>& rows) {
  tinynet::ChartView by_step{"step", {}}, by_second{"seconds", {}};
  const auto settings_shown = varied(rows);
  for (const auto& [rank, r] : rows) {
    const std::string name = name_of(r->configuration, settings_shown);
    std::vector<double> losses;
    for (const float loss : r->losses) losses.push_back(tidy(loss));
    by_step.curves.push_back({name, {r->steps.begin(), r->steps.end()}, losses});
    by_second.curves.push_back({name, r->step_seconds, losses});
  }
  const bool has_library = !mnist::dygraph_script.empty();
  const std::string instead = has_library ? "<p>The curves need JavaScript.</p>"
                                          : tinynet::svg_chart(by_step.curves, {"loss in training", "step", "loss"});
  return tinynet::html_chart("curves", {by_step, by_second},
                             {.y_label = "loss in training", .instead = instead, .logarithmic = true});
}

/// The classes of these columns' cells: `name` for words, `same` for a setting that all rows have.
std::vector<std::string> classes(const std::vector<RankedResult>& rows, const std::vector<std::size_t>& shown) {
  const auto differ = varied(rows);
  std::vector<std::string> list;
  for (const std::size_t i : shown) {
    const Column& column = columns()[i];
    const bool same =
        rows.size() > 1 && column.setting &&
        std::none_of(differ.begin(), differ.end(), [&](const auto* s) { return s->name == column.title; });
    list.push_back(std::string(" class=\"") + (column.words ? "name " : "") + (same ? "same" : "") + "\"");
  }
  return list;
}

std::string table(const std::vector<RankedResult>& rows, const mnist::Data& data) {
  std::string html = "<div class=\"scroll\">\n<table id=\"runs\">\n<thead><tr><th></th>";
  Rows texts;
  for (const auto& [rank, result] : rows) texts.push_back(cells(*result, rank));
  const std::vector<std::size_t> shown = columns_in_use(texts);
  const std::vector<std::string> of_class = classes(rows, shown);
  for (std::size_t i = 0; i < shown.size(); ++i)
    html += "<th scope=\"col\"" + of_class[i] + (i == 0 ? " aria-sort=\"ascending\"" : "") +
            "><button type=\"button\">" + columns()[shown[i]].title + "</button></th>";
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Result& r = *rows[row].result;
    const std::string tip = r.divergence ? r.divergence->why + "; " : "";
    html += "<tr data-curve=\"" + std::to_string(row) + "\"" + (r.divergence ? " data-diverged" : "") + " title=\"" +
            html_text(tip + command(r.configuration, data)) +
            "\"><td><button type=\"button\" aria-pressed=\"true\" aria-label=\"curve\" style=\"color:" +
            tinynet::curve_color(row, rows.size()) + "\">●</button></td>";
    for (std::size_t i = 0; i < shown.size(); ++i)
      html += "<td" + of_class[i] + ">" + html_text(texts[row][shown[i]]) + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n</div>\n";
}

/// "MNIST, 60000 + 10000 images, FOLDER"
std::string about(const mnist::Data& data) {
  const std::string& name = data.content;
  return (name == "mnist"     ? "MNIST, "
          : name == "fashion" ? "Fashion-MNIST, "
                              : "") +
         std::to_string(data.train.size()) + " + " + std::to_string(data.test.size()) + " images, " + data.origin;
}

std::string page_text(const std::vector<Result>& results, std::size_t missing, const mnist::Data& data) {
  const std::vector<RankedResult> rows = ranked(results);
  tinynet::HtmlPage page("tinynet sweep", "en", {mnist::dygraph_script, mnist::dygraph_style});
  const auto add = [&page](const std::string& tag, const std::string& html) {
    page.add(tinynet::html_element(tag, html));
  };
  add("h1", std::to_string(results.size()) + (results.size() == 1 ? " training" : " trainings") + " compared");
  add("p class=\"faint\"", html_text(about(data)) +
                               (missing == 0 ? "" : "; " + std::to_string(missing) + " still missing") +
                               ". Made by tinynet " + std::string(tinynet::version) + ".");
  if (const std::string what = mnist::not_mnist(data); !what.empty())
    add("p class=\"banner\"", html_text("This is not MNIST but " + what + "."));
  if (!rows.empty()) {
    add("h2", "Losses");
    page.add(chart(rows));
    add("h2", "Results");
    add("p class=\"hint\"", "A click on a title sorts, one on a row shows or hides its curve.");
    const auto all = std::to_string(rows.size());
    add("div class=\"switches\"", "<button type=\"button\" data-first=\"" + all +
                                      "\">all</button><button type=\"button\" data-first=\"10\">" +
                                      "first 10</button><button type=\"button\" data-first=\"0\">none</button>");
    page.add(table(rows, data));
    if (!rows.front().result->divergence) {
      add("h2", "The best one, by mnist alone");
      add("pre", html_text(command(rows.front().result->configuration, data)));
    }
    page.add(page_script);
  }
  return page.text();
}

}  // namespace

Page::Page(const std::string& folder, const mnist::Data& data)
    : path_((std::filesystem::path(folder) / "sweep.html").string()), data_(data) {
  mnist::check_output(path_);
}

void Page::update(const std::vector<Result>& results, std::size_t missing) {
  if (std::chrono::steady_clock::now() >= next_) write(results, missing);
}

void Page::write(const std::vector<Result>& results, std::size_t missing) {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = page_text(results, missing, data_);
  tinynet::write_text_file(path_, text);
  const auto end = std::chrono::steady_clock::now();
  next_ = end + std::max<std::chrono::steady_clock::duration>(std::chrono::seconds(2), 10 * (end - start));
}

}  // namespace sweep
