#include "sweep.hpp"

#include <algorithm>
#include <set>
#include <tinynet/core/threads.hpp>
#include <utility>

#include "../mnist/data_fingerprint.hpp"
#include "../mnist/model.hpp"
#include "../mnist/numbers.hpp"
#include "../mnist/stop_request.hpp"
#include "columns.hpp"
#include "live_table.hpp"
#include "page.hpp"
#include "pool.hpp"
#include "results_file.hpp"

namespace sweep {
namespace {

using mnist::StopRequest;

void check_data(const mnist::Data& data) {
  const tinynet::Images& images = data.train.images;
  if (images.cols() != mnist::inputs)
    throw tinynet::Error({.path = data.train_images_file,
                          .offset = 8,
                          .field = "height and width",
                          .what = "images of the wrong size",
                          .expected = std::to_string(mnist::inputs) + " pixels, as the nets have inputs",
                          .actual = std::to_string(images.height()) + " x " + std::to_string(images.width()) + " = " +
                                    std::to_string(images.cols())});
}

int threads_of(const Options& options, mnist::Console& console) {
  const int cpus = tinynet::detail::available_cpus();
  if (options.threads > cpus)
    console.note(std::to_string(options.threads) + " trainings at once on " + std::to_string(cpus) + " CPUs");
  return options.threads == 0 ? cpus : options.threads;
}

/// Those that have no result yet.
std::vector<Configuration> missing(const std::vector<Configuration>& wanted, const std::vector<Result>& results) {
  std::set<std::string> done;
  for (const Result& r : results) done.insert(key(r.configuration));
  std::vector<Configuration> list;
  for (const Configuration& c : wanted)
    if (!done.contains(key(c))) list.push_back(c);
  return list;
}

std::string configurations(std::size_t number) {
  return std::to_string(number) + (number == 1 ? " configuration" : " configurations");
}

std::string outcome(const Result& r) {
  if (r.divergence) return "diverged at step " + std::to_string(r.divergence->step) + ", " + r.divergence->why;
  return "test loss " + mnist::shortest(r.test_loss) + ", accuracy " + mnist::fixed(100 * r.accuracy, 2) + " %, " +
         mnist::fixed(r.seconds, 2) + " s";
}

Rows rows_of(const std::vector<Result>& results) {
  Rows rows;
  for (const auto& [rank, result] : ranked(results)) rows.push_back(cells(*result, rank));
  return rows;
}

void draw(LiveTable& live, const std::vector<Result>& results, const Pool& pool, std::size_t missing) {
  Rows rows = rows_of(results);
  const std::size_t running = pool.running().size();
  for (const Run& run : pool.running()) rows.push_back(cells(run.configuration, run.progress));
  live.draw(std::move(rows), running,
            std::to_string(results.size()) + " done, " + std::to_string(running) + " in training, " +
                std::to_string(missing - running) + " waiting");
}

}  // namespace

int run(const Options& options, mnist::Console& console) {
  const int threads = threads_of(options, console);
  const mnist::Data data = mnist::load_data(options.data, console);
  check_data(data);
  ResultsFile file(options.folder, mnist::data_fingerprint({&data.train, &data.test}),
                   [&](const std::string& text) { console.note(text); });
  const std::string images =
      std::to_string(data.train.size()) + " + " + std::to_string(data.test.size()) + " images, " + data.origin;
  Page page(options.folder, images);
  const std::vector<Configuration> left = missing(options.configurations, file.results());
  const std::size_t wanted = options.configurations.size(), found = wanted - left.size();
  console.note(configurations(wanted) + (found == 0 ? "" : ", " + std::to_string(found) + " of them done before"));

  std::size_t done = 0;
  {
    const StopRequest catch_signals;
    Pool pool(data, threads);
    LiveTable live(console.shows_progress());
    const auto on_result = [&](Result result) {
      file.add(std::move(result));
      ++done;
      const Result& r = file.results().back();
      if (!live.shown())
        console.note(std::to_string(found + done) + " of " + std::to_string(wanted) + ": " + key(r.configuration) +
                     ": " + outcome(r));
      page.update(file.results(), left.size() - done);
    };
    const auto meanwhile = [&] {
      if (live.is_due()) draw(live, file.results(), pool, left.size() - done);
      return !StopRequest::made();
    };
    pool.train(left, on_result, meanwhile);
    page.write(file.results(), left.size() - done);
  }
  for (const std::string& line : text_table(rows_of(file.results()))) console.result(line);
  console.note("the page is " + page.path());
  if (done == left.size()) return 0;
  console.note("stopped by " + StopRequest::name() + " with " + configurations(left.size() - done) +
               " left; the same command goes on with them");
  return StopRequest::exit_code();
}

}  // namespace sweep
