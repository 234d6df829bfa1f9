#include "sweep.hpp"

#include <algorithm>
#include <set>
#include <tinynet/core/threads.hpp>
#include <utility>

#include "../mnist/checks.hpp"
#include "../mnist/data_fingerprint.hpp"
#include "../mnist/limits.hpp"
#include "../mnist/model.hpp"
#include "../mnist/numbers.hpp"
#include "../mnist/stop_request.hpp"
#include "columns.hpp"
#include "farm.hpp"
#include "live_table.hpp"
#include "page.hpp"
#include "pool.hpp"
#include "results_file.hpp"

namespace sweep {
namespace {

using mnist::StopRequest;

/// Throws Error (io) if the data, in each process of this machine, and the largest bundles that may go on at once need
/// more memory than there is.
void check_memory(const std::vector<Bundle>& list, const mnist::Data& data, int processes, int threads) {
  std::vector<std::pair<double, std::size_t>> needs;  // bytes, and for how many trainings
  for (const Bundle& bundle : list) needs.emplace_back(memory_needed(bundle, data), bundle.size());
  std::sort(needs.rbegin(), needs.rend());
  needs.resize(std::min(needs.size(), static_cast<std::size_t>(processes * threads)));
  double bytes = processes * mnist::memory_of(data);
  std::size_t number = 0;
  for (const auto& [need, trainings] : needs) {
    bytes += need;
    number += trainings;
  }
  mnist::check_memory(bytes,
                      number == 1 ? "the data and 1 training need"
                                  : "the data and " + std::to_string(number) + " trainings at once need",
                      "smaller --hidden, --batch or --threads");
}

int threads_of(const Options& options, int processes, mnist::Console& console) {
  const int cpus = tinynet::detail::available_cpus();
  if (options.threads > cpus)
    console.note(std::to_string(options.threads) + " trainings at once on " + std::to_string(cpus) + " CPUs");
  return options.threads == 0 ? std::max(1, mnist::cpus_present() / processes) : options.threads;
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
  std::size_t running = 0;
  for (const Run& run : pool.running())
    for (const Training& training : run.trainings) {
      rows.push_back(cells(training));
      ++running;
    }
  live.draw(std::move(rows), running,
            std::to_string(results.size()) + " done, " + std::to_string(running) + " in training, " +
                std::to_string(missing - running) + " waiting");
}

}  // namespace

int run(const Options& options, const mnist::Group& group, mnist::Console& console) {
  const int processes = group.members_here(), threads = threads_of(options, processes, console);
  const mnist::Data data = mnist::load_data(options.data, group, console);
  mnist::check_data(data, console);
  const std::string hash = mnist::data_fingerprint({&data.train, &data.test});
  const auto note = [&](const std::string& text) { console.note(text); };
  Pool pool(data, threads);
  const Farm farm{group, pool, hash, options.dist_timeout};
  if (!group.is_first()) {
    train_for_first(farm);
    return 0;
  }
  ResultsFile file(options.folder, hash, note);
  Page page(options.folder, data);
  const std::vector<Configuration> left = missing(options.configurations, file.results());
  const std::vector<Bundle> list = bundles(left, static_cast<std::size_t>(threads * group.size()), data);
  check_memory(list, data, processes, threads);
  const std::size_t wanted = options.configurations.size(), found = wanted - left.size();
  console.note(configurations(wanted) + (found == 0 ? "" : ", " + std::to_string(found) + " of them done before"));

  std::size_t done = 0;
  {
    const StopRequest catch_signals;
    LiveTable live(console.shows_progress());
    const auto on_results = [&](std::vector<Result> results) {
      for (Result& result : results) {
        file.add(std::move(result));
        ++done;
        const Result& r = file.results().back();
        if (!live.shown())
          console.note(std::to_string(found + done) + " of " + std::to_string(wanted) + ": " + key(r.configuration) +
                       ": " + outcome(r));
      }
      page.update(file.results(), left.size() - done);
    };
    const auto meanwhile = [&] {
      if (live.is_due()) draw(live, file.results(), pool, left.size() - done);
      return !StopRequest::made();
    };
    train_on_all(farm, list, on_results, meanwhile, note);
    page.write(file.results(), left.size() - done);
  }
  try {
    for (const std::string& line : text_table(rows_of(file.results()))) console.result(line);
  } catch (const tinynet::Error&) {
    if (!StopRequest::made()) throw;  // a terminal that is closed stops us, and takes no table
  }
  console.note("the page is " + page.path());
  if (done == left.size()) return 0;
  console.note("stopped by " + StopRequest::name() + " with " + configurations(left.size() - done) +
               " left; the same command goes on with them");
  return StopRequest::exit_code();
}

}  // namespace sweep
