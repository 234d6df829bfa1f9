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
#include "shell_word.hpp"
#include "words.hpp"

namespace mnist {
namespace {

using tinynet::html_text;
constexpr auto element = tinynet::html_element;

std::string png(const tinynet::Picture& picture, const std::string& description) {
  return tinynet::html_png(tinynet::to_png(picture), description);
}

/// Some words as HTML, in the language that is spoken.
std::string words(const std::string& english) { return html_text(said(english)); }

/// Numbers with what they are under them.
class Figures {
 public:
  Figures& add(const std::string& number, const std::string& what) {
    html_ += "<div><b>" + html_text(number) + "</b>" + words(what) + "</div>\n";
    return *this;
  }
  std::string html() const { return element("div class=\"figures\"", html_); }

 private:
  std::string html_;
};

std::string loss_text(double loss) { return std::isfinite(loss) ? readable(loss, 6) : "NaN"; }
std::string percent(double part, int digits = 2) { return fixed(100 * part, digits) + " %"; }
std::string count_text(Index count) { return readable(static_cast<double>(count), 15); }

/// "9", or "Ankle boot" where the classes have names.
std::string class_text(const RunRecord& run, Index index) {
  const auto names = class_names(run.data);
  return names.empty() ? std::to_string(index) : said(names.at(static_cast<std::size_t>(index)));
}

std::string title(const RunRecord& run) {
  const std::string& content = run.data.content;
  return said((content == "mnist"       ? "Handwritten digit recognition"
               : content == "fashion"   ? "Recognition of Fashion-MNIST's clothes"
               : content == "synthetic" ? "Recognition of drawn digits"
                                        : "Image recognition") +
              std::string(" with a fully connected net"));
}

std::string banner(const RunRecord& run) {
  const std::string what = not_mnist(run.data);
  return what.empty() ? "" : element("p class=\"banner\"", words("This is not MNIST but " + what + "."));
}

std::string summary(const RunRecord& run) {
  return Figures()
      .add(percent(run.test.accuracy), "accuracy on test data")
      .add(loss_text(run.test.loss), "loss on test data")
      .add(std::to_string(run.first_misclassified().size()) + " / " + std::to_string(run.first_tests()),
           "misclassified among the first test images")
      .add(readable(run.seconds, 4), "seconds in training")
      .html();
}

std::string data_section(const RunRecord& run) {
  const Index first = run.data.train.labels.front();
  const std::string label = class_text(run, first), number = std::to_string(first);
  return element("h2", words("Data")) +
         Figures()
             .add(count_text(run.data.train.size()), "training images")
             .add(count_text(run.data.test.size()), "test images")
             .html() +
         element("p class=\"faint\"", words("source: " + run.data.origin)) +
         "<div class=\"tile\" style=\"width:max-content\">" +
         png(image_picture(run.data.train, 0), said("The first training image") + ": " + label) +
         words("The first training image") + "<br>" + words("label " + number) +
         (label == number ? "" : ": " + html_text(label)) + "</div>\n";
}

std::string net_section(const RunRecord& run) {
  std::string tiles;
  const tinynet::Images& images = run.data.train.images;
  int number = 0;
  for (const tinynet::Picture& picture : neuron_pictures(run.model, images.height(), images.width()))
    tiles += "<div class=\"tile\">" + png(picture, std::to_string(number++)) + "</div>\n";
  return element("h2", words("Net")) + element("pre", html_text(run.model.text())) +
         Figures().add(readable(net_size(run.options).parameters, 15), "numbers that are trained").html() +
         element("p", words("What each neuron of the first layer weighs each pixel with, after training: blue is "
                            "negative, red positive.")) +
         element("div class=\"small tiles\"", tiles);
}

std::string training_section(const RunRecord& run) {
  tinynet::Curve losses = run.losses;
  losses.name = said("loss");
  std::string html = element("h2", words("Training"));
  if (losses.y.empty()) return html + element("p", words("No step was made."));
  html += Figures()
              .add(std::to_string(run.steps), "steps")
              .add(run.options.optimizer, "lr " + shortest(run.options.lr))
              .add(loss_text(losses.y.front()), "loss of the first step")
              .add(loss_text(run.loss), "loss of the last step")
              .html();
  if (run.first_step > 0)
    html += element("p class=\"faint\"", words("This run went on after step " + std::to_string(run.first_step)));
  if (!run.stopped_by.empty()) html += element("p", words("The training was stopped by " + run.stopped_by));
  return html +
         tinynet::html_chart("loss", {{said("step"), {tinynet::thinned(losses, 4000)}}},
                             {.y_label = said("loss"),
                              .instead = loss_svg(run),
                              .logarithmic = true,
                              .log_label = said("log scale"),
                              .reset_label = said("whole curve"),
                              .hint = said("Drag to zoom, shift and drag to move, double-click to see the whole.")});
}

std::string timing_section(const RunRecord& run) {
  const Index all = run.data.train.size(), batch = run.options.batch == 0 ? all : std::min(run.options.batch, all);
  const Index epoch = (all + batch - 1) / batch;  // the last batch of one may be shorter
  const auto images_until = [&](Index step) { return step / epoch * all + step % epoch * batch; };
  const auto images = static_cast<double>(images_until(run.steps) - images_until(run.first_step));
  return element("h2", words("Timing")) +
         Figures()
             .add(fixed(run.seconds, 3), "seconds in training")
             .add(readable(run.steps_per_second(), 4), "steps a second")
             .add(readable(run.seconds > 0 ? images / run.seconds : 0, 4), "images a second")
             .html() +
         element("p class=\"faint\"", words("computed by: " + run.status));
}

std::string confusion_table(const RunRecord& run) {
  const auto& counts = run.test.confusion;
  std::string head = "<th class=\"name\">" + words("actual \\ predicted") + "</th>", rows;
  for (Index c = 0; c < counts.cols(); ++c)
    head += "<th title=\"" + html_text(class_text(run, c)) + "\">" + std::to_string(c) + "</th>";
  for (Index actual = 0; actual < counts.rows(); ++actual) {
    const std::string number = std::to_string(actual), name = class_text(run, actual);
    std::string row = "<th class=\"name\">" + number +
                      (name == number ? "" : " <span class=\"long\">" + html_text(name) + "</span>") + "</th>";
    for (Index predicted = 0; predicted < counts.cols(); ++predicted) {
      const Index count = counts(actual, predicted);
      row += "<td style=\"background:rgba(var(--" + std::string(actual == predicted ? "right" : "wrong") + ")," +
             fixed(tinynet::confusion_strength(counts, actual, predicted) * 0.7, 3) + ")\">" +
             (count == 0 ? "<span class=\"faint\">·</span>" : std::to_string(count)) + "</td>";
    }
    rows += element("tr", row);
  }
  return element("div class=\"scroll\"", element("table class=\"confusion\"", element("tr", head) + rows));
}

std::string class_table(const RunRecord& run) {
  std::string rows = "<th class=\"name\">" + words("class") + "</th>";
  for (const char* const title : {"images", "right", "found (recall)", "precision", "F1"})
    rows += "<th>" + words(title) + "</th>";
  rows = element("tr", rows);
  Index number = 0;
  const auto cell = [](const std::string& text) { return "<td>" + text + "</td>"; };
  for (const ClassFigures& f : class_figures(run.test)) {
    const std::string digit = std::to_string(number), name = class_text(run, number++);
    rows += element("tr", "<th class=\"name\">" + digit + (name == digit ? "" : " " + html_text(name)) + "</th>" +
                              cell(std::to_string(f.examples)) + cell(std::to_string(f.right)) +
                              cell(percent(f.recall)) + cell(percent(f.precision)) + cell(percent(f.f1)));
  }
  return element("h2", words("Each class")) + element("div class=\"scroll\"", element("table class=\"classes\"", rows));
}

std::string test_section(const RunRecord& run) {
  return element("h2", words("Confusion matrix")) +
         element("p class=\"faint\"", words("A row is an actual class, a column what the net took it for.")) +
         confusion_table(run);
}

std::string wrong_section(const RunRecord& run) {
  constexpr std::size_t at_first = 40;
  const auto wrong = run.first_misclassified();
  std::vector<std::string> tiles;
  for (const tinynet::Misclassified& m : wrong) {
    const std::string predicted = said("predicted") + " " + class_text(run, m.predicted),
                      actual = said("actual") + " " + class_text(run, m.actual);
    const double confidence = run.test.confidence[static_cast<std::size_t>(m.index)];
    tiles.push_back("<div class=\"tile\">" + png(image_picture(run.data.test, m.index), predicted + ", " + actual) +
                    "<span class=\"bad\">" + html_text(predicted) + " (" + percent(confidence, 0) +
                    ")</span><br><span class=\"good\">" + html_text(actual) + "</span><br><span class=\"faint\">" +
                    words("no. " + std::to_string(m.index)) + "</span></div>\n");
  }
  const auto grid = [&](std::size_t begin, std::size_t end) {
    std::string html;
    for (std::size_t i = begin; i < end; ++i) html += tiles[i];
    return element("div class=\"tiles\"", html);
  };
  std::string html = element("h2", words("What it got wrong")) +
                     element("p", words(std::to_string(wrong.size()) + " misclassified among the first " +
                                        std::to_string(run.first_tests()) + " test images"));
  if (wrong.empty()) return html + element("p", words("Nothing."));
  html += grid(0, std::min(at_first, tiles.size()));
  if (tiles.size() > at_first)
    html += element("details", element("summary", words("the other " + std::to_string(tiles.size() - at_first))) +
                                   grid(at_first, tiles.size()));
  return html;
}

std::string repeat_section(const RunRecord& run) {
  std::string command;
  for (const std::string& word : run.options.command) command += (command.empty() ? "" : " ") + shell_word(word);
  return element("h2", words("To repeat it")) + element("pre", html_text(command));
}

}  // namespace

std::string report_html(const RunRecord& run) {
  tinynet::HtmlPage page(title(run), spoken() == Language::chinese ? "zh-Hans" : "en", {dygraph_script, dygraph_style});
  page.add(element("h1", html_text(title(run))));
  page.add(element("p class=\"faint\"",
                   words(run.date + ", made by the program mnist of tinynet " + std::string(tinynet::version))));
  page.add(banner(run));
  page.add(summary(run));
  for (const auto section : {data_section, net_section, training_section, timing_section, test_section, class_table,
                             wrong_section, repeat_section})
    page.add(section(run));
  return page.text();
}

}  // namespace mnist
