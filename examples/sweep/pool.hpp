// Several bundles at once, each on a thread of its own.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "training.hpp"

namespace sweep {

/// A bundle that is going on.
struct Run {
  explicit Run(const Bundle& bundle) : trainings(bundle.begin(), bundle.end()) {}

  std::deque<Training> trainings;

  bool ended = false;  // this and the next two are the pool's
  std::vector<Result> results;
  std::exception_ptr error;
  std::thread thread;
};

class Pool {
 public:
  /// Gets the results of a bundle.
  using OnResults = std::function<void(std::vector<Result>)>;

  /// At most `at_once` bundles at a time, one at least. The data must outlive the pool.
  Pool(const mnist::Data& data, int at_once);
  /// Stops what is still going on.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Trains all in this order. Calls on this thread `on_results` for each bundle that has come to its end and
  /// `meanwhile` about ten times a second; as soon as `meanwhile` returns false all are stopped. Throws on what a
  /// training throws, or Error (io) if no thread can be had.
  void train(const std::vector<Bundle>& bundles, const OnResults& on_results, const std::function<bool()>& meanwhile);

  // What train() is made of.

  /// How many bundles more can go on at the same time.
  std::size_t room() const { return at_once_ - std::min(at_once_, running_.size()); }
  /// Starts a bundle; false if the system gives us no more threads than those at work, which is all room then.
  bool start(const Bundle& bundle);
  /// Waits until one has ended, a tenth of a second at most.
  void wait();
  /// Takes out those that have ended.
  void collect(const OnResults& on_results);
  /// Stops all; what has come to its end by then is given to `on_results`, or is lost.
  void stop(const OnResults& on_results);
  void stop();

  const std::list<Run>& running() const { return running_; }

 private:
  const mnist::Data& data_;
  std::size_t at_once_;
  std::list<Run> running_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // of what the threads leave in their runs
  std::condition_variable ended_;
};

}  // namespace sweep
