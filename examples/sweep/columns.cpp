#include "columns.hpp"

#include <algorithm>
#include <cstddef>

#include "../mnist/model.hpp"
#include "../mnist/numbers.hpp"

namespace sweep {
namespace {

std::size_t batch_column() {
  const auto found =
      std::find_if(columns().begin(), columns().end(), [](const Column& c) { return c.title == "batch"; });
  return static_cast<std::size_t>(found - columns().begin());
}

std::vector<std::string> first_cells(const std::string& rank, const Configuration& c, const std::string& steps) {
  std::vector<std::string> row{rank};
  for (const Column& column : columns())
    if (column.setting) row.push_back(find_setting(column.title)->text(c).value_or(""));
  if (c.hidden.empty()) row[1] = "none";
  if (c.batch == 0) row[batch_column()] = "all rows";
  row.push_back(steps);
  return row;
}

std::string loss_text(float loss) {
  const auto number = static_cast<double>(loss);
  return number < 1000 ? mnist::fixed(number, 5) : mnist::significant(number, 5);
}

std::string parameters_text(const Configuration& c) { return mnist::fixed(mnist::net_size(c).parameters, 0); }

}  // namespace

const std::vector<Column>& columns() {
  static const std::vector<Column> list{{"rank"},
                                        {"hidden", true, true},
                                        {"activation", true, true},
                                        {"optimizer", true, true},
                                        {"lr", false, true},
                                        {"momentum", false, true},
                                        {"weight-decay", false, true},
                                        {"scale", false, true},
                                        {"seed", false, true},
                                        {"batch", false, true},
                                        {"engine", true, true},
                                        {"steps"},  // of a training that goes on how many it has made
                                        {"train loss"},
                                        {"test loss"},
                                        {"accuracy"},
                                        {"seconds"},
                                        {"parameters"}};
  return list;
}

std::vector<std::string> cells(const Result& r, const std::string& rank) {
  auto row = first_cells(rank, r.configuration, std::to_string(r.configuration.steps));
  if (r.divergence)
    row.insert(row.end(), {"diverged", "at step " + std::to_string(r.divergence->step), ""});
  else
    row.insert(row.end(), {loss_text(r.train_loss), loss_text(r.test_loss), mnist::fixed(100 * r.accuracy, 2) + " %"});
  row.insert(row.end(), {mnist::fixed(r.seconds, 2), parameters_text(r.configuration)});
  return row;
}

std::vector<std::string> cells(const Training& training) {
  const Configuration& c = training.configuration;
  const int step = training.step;
  auto row = first_cells("", c, std::to_string(step) + "/" + std::to_string(c.steps));
  row.insert(row.end(), {step == 0 ? "" : loss_text(training.loss), "", "", "", parameters_text(c)});
  return row;
}

std::vector<RankedResult> ranked(const std::vector<Result>& results) {
  std::vector<RankedResult> order;
  for (const Result& r : results) order.push_back({"", &r});
  std::stable_sort(order.begin(), order.end(), [](const RankedResult& a, const RankedResult& b) {
    if (a.result->divergence || b.result->divergence) return !a.result->divergence;
    return a.result->test_loss < b.result->test_loss;
  });
  for (std::size_t i = 0; i < order.size(); ++i)
    if (!order[i].result->divergence) order[i].rank = std::to_string(i + 1);
  return order;
}

std::vector<std::size_t> columns_in_use(const Rows& rows) {
  std::vector<std::size_t> list;
  for (std::size_t c = 0; c < columns().size(); ++c)
    if (!columns()[c].setting || find_setting(columns()[c].title)->text({}) ||
        std::any_of(rows.begin(), rows.end(), [c](const auto& row) { return !row[c].empty(); }))
      list.push_back(c);
  return list;
}

std::vector<std::string> text_table(Rows rows, std::size_t width) {
  std::vector<std::size_t> kept = columns_in_use(rows), widths(columns().size());
  std::size_t line_width = 0;
  for (const std::size_t c : kept) {
    widths[c] = columns()[c].title.size();
    for (const auto& row : rows) widths[c] = std::max(widths[c], row[c].size());
    line_width += widths[c] + 2;
  }
  if (line_width - 2 > width && rows.size() > 1)
    std::erase_if(kept, [&rows](std::size_t c) {
      return columns()[c].setting &&
             std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return row[c] == rows.front()[c]; });
    });

  std::vector<std::string> titles;
  for (const Column& column : columns()) titles.push_back(column.title);
  rows.insert(rows.begin(), titles);
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string& line = lines.emplace_back();
    for (const std::size_t c : kept) {
      const std::string space(widths[c] - row[c].size(), ' ');
      line += (line.empty() ? "" : "  ") + (columns()[c].words ? row[c] + space : space + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
  }
  return lines;
}

}  // namespace sweep
