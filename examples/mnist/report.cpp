#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tinynet/core/version.hpp>
#include <tinynet/plot/confusion.hpp>
#include <tinynet/plot/html.hpp>
#include <tinynet/plot/png.hpp>
#include <vector>

#include "chart_library.hpp"
#include "image_picture.hpp"
#include "numbers.hpp"
#include "pictures.hpp"
#include "report_words.hpp"

namespace mnist {
namespace {

using tinynet::html_text;
constexpr auto element = tinynet::html_element;

std::string png(const tinynet::Picture& picture, const std::string& description) {
  return tinynet::html_png(tinynet::to_png(picture), description);
}

/// Numbers with what they are under them.
class Figures {
 public:
  Figures& add(const std::string& number, const std::string& what) {
    html_ += "<div><b>" + html_text(number) + "</b>" + html_text(what) + "</div>\n";
    return *this;
  }
  std::string html() const { return element("div class=\"figures\"", html_); }

 private:
  std::string html_;
};

std::string loss_text(double loss) { return std::isfinite(loss) ? significant(loss, 6) : "NaN"; }

std::string data_section(const RunRecord& run, const ReportWords& words) {
  const std::string label = std::to_string(run.data.train.labels.front());
  return element("h2", words.data) +
         Figures()
             .add(std::to_string(run.data.train.size()), words.train_count)
             .add(std::to_string(run.data.test.size()), words.test_count)
             .html() +
         element("p class=\"faint\"", std::string(words.source) + ": " + html_text(run.data.origin)) +
         "<div class=\"tile\" style=\"width:max-content\">" +
         png(image_picture(run.data.train, 0), std::string(words.first_image) + ", " + label) + words.first_image +
         "<br>" + words.label + " " + label + "</div>\n";
}

std::string net_section(const RunRecord& run, const ReportWords& words) {
  std::string tiles;
  const tinynet::Images& images = run.data.train.images;
  int number = 0;
  for (const tinynet::Picture& picture : neuron_pictures(run.model, images.height(), images.width()))
    tiles += "<div class=\"tile\">" + png(picture, std::to_string(number++)) + "</div>\n";
  return element("h2", words.net) + element("pre", html_text(run.model.text())) +
         Figures().add(fixed(net_size(run.options).parameters, 0), words.parameters).html() +
         element("p", words.neurons) + element("div class=\"small tiles\"", tiles);
}

std::string training_section(const RunRecord& run, const ReportWords& words) {
  tinynet::Curve losses = run.losses;
  losses.name = words.loss;
  std::string html = element("h2", words.training);
  if (losses.y.empty()) return html + element("p", words.no_steps);
  Figures figures;
  figures.add(std::to_string(run.steps), words.steps)
      .add(run.options.optimizer, "lr " + shortest(run.options.lr))
      .add(loss_text(losses.y.front()), words.first_loss)
      .add(loss_text(run.loss), words.last_loss);
  html += figures.html();
  if (run.first_step > 0) html += element("p class=\"faint\"", words.resumed + (" " + std::to_string(run.first_step)));
  if (!run.stopped_by.empty()) html += element("p", words.stopped + (" " + run.stopped_by));
  const std::string svg = loss_svg(run, {words.training, words.step, words.loss});
  return html + tinynet::html_chart("loss", {{words.step, {tinynet::thinned(losses, 4000)}}},
                                    {.y_label = words.loss,
                                     .instead = svg,
                                     .logarithmic = true,
                                     .log_label = words.log_scale,
                                     .reset_label = words.whole,
                                     .hint = words.hint});
}

std::string timing_section(const RunRecord& run, const ReportWords& words) {
  const Index all = run.data.train.size(), batch = run.options.batch == 0 ? all : std::min(run.options.batch, all);
  const Index epoch = (all + batch - 1) / batch;  // the last batch of one may be shorter
  const auto images_until = [&](Index step) { return step / epoch * all + step % epoch * batch; };
  const auto images = static_cast<double>(images_until(run.steps) - images_until(run.first_step));
  return element("h2", words.timing) +
         Figures()
             .add(fixed(run.seconds, 3), words.seconds)
             .add(significant(run.steps_per_second(), 4), words.steps_per_second)
             .add(significant(run.seconds > 0 ? images / run.seconds : 0, 4), words.images_per_second)
             .html() +
         element("p class=\"faint\"", std::string(words.how) + ": " + html_text(run.status));
}

std::string confusion_table(const RunRecord& run, const ReportWords& words) {
  const auto& counts = run.test.confusion;
  std::string head = std::string("<th class=\"name\">") + words.actual + " \\ " + words.predicted + "</th>", rows;
  for (Index c = 0; c < counts.cols(); ++c) head += "<th>" + std::to_string(c) + "</th>";
  for (Index actual = 0; actual < counts.rows(); ++actual) {
    std::string row = "<th class=\"name\">" + std::to_string(actual) + "</th>";
    for (Index predicted = 0; predicted < counts.cols(); ++predicted) {
      const Index count = counts(actual, predicted);
      row += "<td style=\"background:rgba(var(--" + std::string(actual == predicted ? "right" : "wrong") + ")," +
             fixed(tinynet::confusion_strength(counts, actual, predicted) / 2, 3) + ")\">" +
             (count == 0 ? "<span class=\"faint\">·</span>" : std::to_string(count)) + "</td>";
    }
    rows += element("tr", row);
  }
  return element("div class=\"scroll\"", element("table class=\"confusion\"", element("tr", head) + rows));
}

std::string class_table(const RunRecord& run, const ReportWords& words) {
  std::string rows;
  for (const char* const title : {words.class_name, words.examples, words.right, words.recall, words.precision, "F1"})
    rows += "<th>" + std::string(title) + "</th>";
  rows = element("tr", rows);
  Index digit = 0;
  const auto percent = [](double part) { return "<td>" + fixed(100 * part, 2) + " %</td>"; };
  for (const ClassFigures& f : class_figures(run.test))
    rows +=
        element("tr", "<td>" + std::to_string(digit++) + "</td><td>" + std::to_string(f.examples) + "</td><td>" +
                          std::to_string(f.right) + "</td>" + percent(f.recall) + percent(f.precision) + percent(f.f1));
  return element("h2", words.classes) + element("div class=\"scroll\"", element("table", rows));
}

std::string test_section(const RunRecord& run, const ReportWords& words) {
  return element("h2", words.test) +
         Figures()
             .add(loss_text(run.test.loss), words.test_loss)
             .add(fixed(100 * run.test.accuracy, 2) + " %", words.accuracy)
             .html() +
         element("h2", words.confusion) + element("p class=\"faint\"", words.confusion_hint) +
         confusion_table(run, words);
}

std::string wrong_section(const RunRecord& run, const ReportWords& words) {
  const auto wrong = run.first_misclassified();
  std::string tiles;
  for (const tinynet::Misclassified& m : wrong) {
    const std::string predicted = std::to_string(m.predicted), actual = std::to_string(m.actual);
    const double confidence = run.test.confidence[static_cast<std::size_t>(m.index)];
    tiles += "<div class=\"tile\">" +
             png(image_picture(run.data.test, m.index),
                 words.predicted + (" " + predicted + ", ") + words.actual + " " + actual) +
             "<span class=\"bad\">" + words.predicted + " " + predicted + " (" + fixed(100 * confidence, 0) +
             " %)</span><br><span class=\"good\">" + words.actual + " " + actual + "</span><br><span class=\"faint\">" +
             words.index + " " + std::to_string(m.index) + "</span></div>\n";
  }
  return element("h2", words.wrong) +
         element("p", std::to_string(wrong.size()) + " " + words.wrong_of + " " + std::to_string(run.first_tests())) +
         (wrong.empty() ? element("p", words.none_wrong) : element("div class=\"tiles\"", tiles));
}

/// As a shell takes it.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace

std::string report_html(const RunRecord& run) {
  const ReportWords& words = report_words(run.options.language);
  tinynet::HtmlPage page(words.title, words.language, {dygraph_script, dygraph_style});
  page.add(element("h1", words.title));
  page.add(element("p class=\"faint\"", std::string(words.made_by) + " tinynet " + std::string(tinynet::version)));
  for (const auto section :
       {data_section, net_section, training_section, timing_section, test_section, class_table, wrong_section})
    page.add(section(run, words));
  std::string command;
  for (const std::string& word : run.options.command) command += (command.empty() ? "" : " ") + quoted(word);
  page.add(element("h2", words.repeat) + element("pre", html_text(command)));
  return page.text();
}

}  // namespace mnist
