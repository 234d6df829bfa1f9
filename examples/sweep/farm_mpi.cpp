// The farm of an MPI job.
#include <algorithm>
#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tinynet/dist/mpi.hpp>

#include "../mnist/numbers.hpp"
#include "farm.hpp"
#include "mailbox.hpp"
#include "result_line.hpp"

namespace sweep {
namespace {

using Clock = std::chrono::steady_clock;
using tinynet::Error;
using tinynet::ErrorCode;

// What the messages are. To the first process: how much room a process has, and on which data; the results of a bundle,
// a line each; nothing but that the sender lives. From it: a bundle to train; that all is over, with a text if some
// process is lost; that it lives.
enum Tag { room_tag, result_tag, alive_tag, train_tag, over_tag };

/// How long the first process may take to read what earlier runs have left, in seconds.
constexpr double time_to_begin = 3600;

/// When to say to others that this process lives: once a second.
class Heartbeat {
 public:
  bool is_due() {
    const auto now = Clock::now();
    if (now - last_ < std::chrono::seconds(1)) return false;
    last_ = now;
    return true;
  }

 private:
  Clock::time_point last_{};
};

bool is_silent(Clock::time_point heard, const Farm& farm) {
  return std::chrono::duration<double>(Clock::now() - heard).count() > farm.timeout;
}

std::string no_answer(std::size_t rank, const Farm& farm) {
  return "no answer from rank " + std::to_string(rank) + " for " + mnist::shortest(farm.timeout) + " s";
}

std::string text_of(const Bundle& bundle) {
  Json list = Json::array();
  for (const Configuration& c : bundle) list.push_back(to_json(c));
  return list.dump();
}

Bundle bundle_of(const std::string& text, const Place& place) {
  Bundle bundle;
  for (const Json& json : parse_json(text, place)) bundle.push_back(configuration(values_from_json(json, place)));
  return bundle;
}

/// Starts as many of the bundles, from the front, as there is room and threads for.
void start_some(Pool& pool, std::deque<Bundle>& waiting) {
  while (!waiting.empty() && pool.room() > 0 && pool.start(waiting.front())) waiting.pop_front();
}

/// A process as the first one sees it.
struct Worker {
  std::size_t room = 0;       // bundles more
  std::vector<Bundle> given;  // those that it is at
  Clock::time_point heard = Clock::now();
  bool lost = false;
};

/// What the first process knows of the others.
class Workers {
 public:
  Workers(const Farm& farm, const std::vector<Bundle>& bundles, const std::function<void(const std::string&)>& note)
      : farm_(farm),
        note_(note),
        mailbox_(*farm.group.mpi()),
        waiting_(bundles.begin(), bundles.end()),
        workers_(static_cast<std::size_t>(farm.group.size())) {
    workers_.front().lost = true;  // this process, whose trainings are the pool's
  }

  bool are_done() const {
    return waiting_.empty() &&
           std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.given.empty(); });
  }

  void receive(const Pool::OnResults& on_results) {
    while (const auto message = mailbox_.receive()) take(*message, on_results);
  }

  void hand_out() {
    for (std::size_t rank = 1; rank < workers_.size(); ++rank) {
      Worker& worker = workers_[rank];
      if (!worker.lost && is_silent(worker.heard, farm_)) lose(rank);
      for (; !worker.lost && worker.room > 0 && !waiting_.empty(); waiting_.pop_front(), --worker.room) {
        mailbox_.send(static_cast<int>(rank), train_tag, text_of(waiting_.front()));
        worker.given.push_back(waiting_.front());
      }
    }
    start_some(farm_.pool, waiting_);
    if (heartbeat_.is_due()) say_to_all(alive_tag);
  }

  void end() {
    const bool some_are_lost =
        std::any_of(workers_.begin() + 1, workers_.end(), [](const Worker& worker) { return worker.lost; });
    say_to_all(over_tag, some_are_lost ? "some are lost" : "");
    mailbox_.flush();
    if (some_are_lost) farm_.group.abandon();
  }

 private:
  void say_to_all(Tag tag, const std::string& text = {}) {
    for (std::size_t rank = 1; rank < workers_.size(); ++rank)
      if (!workers_[rank].lost || tag == over_tag) mailbox_.send(static_cast<int>(rank), tag, text);
  }

  void take(const Message& message, const Pool::OnResults& on_results) {
    Worker& worker = workers_[static_cast<std::size_t>(message.from)];
    if (worker.lost) return;  // others are at its trainings by now
    worker.heard = Clock::now();
    const std::string from = "rank " + std::to_string(message.from);
    if (message.tag == room_tag) {
      const std::size_t space = message.text.find(' ');
      if (message.text.substr(space + 1) != farm_.data)
        throw Error(ErrorCode::distributed, from + " has other data than rank 0");
      worker.room = mnist::parse_number<std::size_t>(message.text.substr(0, space)).value_or(0);
    } else if (message.tag == result_tag) {
      std::vector<Result> results;
      std::istringstream lines(message.text);
      for (std::string line; std::getline(lines, line);)
        results.push_back(result_of(line, farm_.data, {.file = "a message from " + from}));
      if (results.empty()) return;
      const std::string first = key(results.front().configuration);
      std::erase_if(worker.given, [&](const Bundle& bundle) { return key(bundle.front()) == first; });
      ++worker.room;
      on_results(std::move(results));
    }
  }

  void lose(std::size_t rank) {
    Worker& worker = workers_[rank];
    worker.lost = true;
    waiting_.insert(waiting_.begin(), worker.given.begin(), worker.given.end());
    std::size_t number = 0;
    for (const Bundle& bundle : worker.given) number += bundle.size();
    note_(no_answer(rank, farm_) + "; of its trainings " + std::to_string(number) +
          (number == 1 ? " begins again elsewhere" : " begin again elsewhere"));
    worker.given.clear();
  }

  const Farm& farm_;
  const std::function<void(const std::string&)>& note_;
  Mailbox mailbox_;
  Heartbeat heartbeat_;
  std::deque<Bundle> waiting_;
  std::vector<Worker> workers_;
};

}  // namespace

void train_on_all(const Farm& farm, const std::vector<Bundle>& bundles, const Pool::OnResults& on_results,
                  const std::function<bool()>& meanwhile, const std::function<void(const std::string&)>& note) {
  if (farm.group.mpi() == nullptr) return farm.pool.train(bundles, on_results, meanwhile);
  farm.group.mpi()->barrier(time_to_begin);
  Workers workers(farm, bundles, note);
  while (!workers.are_done() || !farm.pool.running().empty()) {
    workers.receive(on_results);
    workers.hand_out();
    if (!meanwhile()) {
      farm.pool.stop(on_results);
      workers.receive(on_results);
      break;
    }
    farm.pool.wait();
    farm.pool.collect(on_results);
  }
  workers.end();
}

void train_for_first(const Farm& farm) {
  Mailbox mailbox(*farm.group.mpi());
  Heartbeat heartbeat;
  Pool& pool = farm.pool;
  std::deque<Bundle> waiting;  // while no more threads can be started
  farm.group.mpi()->barrier(time_to_begin);
  mailbox.send(0, room_tag, std::to_string(pool.room()) + " " + farm.data);
  for (auto heard = Clock::now();;) {
    while (const auto message = mailbox.receive()) {
      heard = Clock::now();
      if (message->tag == over_tag) {
        if (!message->text.empty()) farm.group.abandon();
        return pool.stop();
      }
      if (message->tag == train_tag) waiting.push_back(bundle_of(message->text, {.file = "a message from rank 0"}));
    }
    start_some(pool, waiting);
    if (is_silent(heard, farm)) throw Error(ErrorCode::distributed, no_answer(0, farm));
    pool.wait();
    pool.collect([&](const std::vector<Result>& results) {
      std::string lines;
      for (const Result& result : results) lines += line_of(result, farm.data);
      mailbox.send(0, result_tag, std::move(lines));
    });
    if (heartbeat.is_due()) mailbox.send(0, alive_tag, {});
  }
}

}  // namespace sweep
