#include "pool.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <system_error>
#include <tinynet/core/threads.hpp>
#include <utility>

#ifndef _WIN32
#include <csignal>
#endif

namespace sweep {
namespace {

/// Leaves the signals that ask to stop to the main thread, which looks for them.
void take_no_signals() {
#ifndef _WIN32
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
#endif
}

}  // namespace

Pool::Pool(const mnist::Data& data, int at_once)
    : data_(data), at_once_(static_cast<std::size_t>(std::max(at_once, 1))) {
  // The library's loops stay on the thread that they are called from.
  tinynet::set_num_threads(1);
}

Pool::~Pool() { stop(); }

void Pool::train(const std::vector<Bundle>& bundles, const OnResults& on_results,
                 const std::function<bool()>& meanwhile) {
  auto next = bundles.begin();
  while (next != bundles.end() || !running_.empty()) {
    while (next != bundles.end() && room() > 0 && start(*next)) ++next;
    if (!meanwhile()) return stop(on_results);
    wait();
    collect(on_results);
  }
}

void Pool::wait() {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, std::chrono::milliseconds(100), [this] {
    return std::any_of(running_.begin(), running_.end(), [](const Run& run) { return run.ended; });
  });
}

bool Pool::start(const Bundle& bundle) {
  Run& run = running_.emplace_back(bundle);
  try {
    run.thread = std::thread([this, &run] {
      take_no_signals();
      std::vector<Result> results;
      std::exception_ptr error;
      try {
        results = sweep::train(run.trainings, data_, stop_);
      } catch (...) {
        error = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      run.results = std::move(results);
      run.error = error;
      run.ended = true;
      ended_.notify_one();
    });
  } catch (const std::system_error& error) {
    running_.pop_back();
    if (running_.empty())
      throw tinynet::Error(tinynet::ErrorCode::io, std::string("no thread can be started: ") + error.what());
    at_once_ = running_.size();
    return false;
  }
  return true;
}

void Pool::collect(const OnResults& on_results) {
  for (auto run = running_.begin(); run != running_.end();) {
    {
      const std::lock_guard lock(mutex_);
      if (!run->ended) {
        ++run;
        continue;
      }
    }
    run->thread.join();
    if (run->error) std::rethrow_exception(run->error);
    std::vector<Result> results = std::move(run->results);
    run = running_.erase(run);
    if (!results.empty()) on_results(std::move(results));
  }
}

void Pool::stop(const OnResults& on_results) {
  stop_ = true;
  while (!running_.empty()) {
    wait();
    collect(on_results);
  }
}

void Pool::stop() {
  stop_ = true;
  for (Run& run : running_)
    if (run.thread.joinable()) run.thread.join();
  running_.clear();
}

}  // namespace sweep
