// A loop that several threads share: who takes part, in whose rounding mode, and how its end is waited for.
#pragma once

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cstdint>
#include <exception>
#include <tinynet/core/eigen.hpp>
#include <utility>

namespace tinynet::detail {

// True while this thread is inside parallel_for: what is called there runs on this thread alone.
inline thread_local bool inside_parallel_for = false;

struct InsideParallelFor {
  InsideParallelFor() { inside_parallel_for = true; }
  ~InsideParallelFor() { inside_parallel_for = false; }
};

/// Gives this thread the rounding mode, flush to zero and whatever else of the kind another one has, to its end. A
/// thread of the pool has those of the time when it was started.
class ArithmeticOf {
 public:
  explicit ArithmeticOf(const std::fenv_t& other) {
    std::fegetenv(&own_);
    std::fesetenv(&other);
  }
  ArithmeticOf(const ArithmeticOf&) = delete;
  ArithmeticOf& operator=(const ArithmeticOf&) = delete;
  ~ArithmeticOf() { std::fesetenv(&own_); }

 private:
  std::fenv_t own_;
};

/// A function of these arguments that somebody else keeps, without its type: who takes one is compiled once, not for
/// every lambda.
template <class... Arguments>
class Callable {
 public:
  template <class F>
  Callable(const F& f)
      : object_(&f),
        call_([](const void* object, Arguments... arguments) { (*static_cast<const F*>(object))(arguments...); }) {}
  void operator()(Arguments... arguments) const { call_(object_, arguments...); }

 private:
  const void* object_;
  void (*call_)(const void*, Arguments...);
};

/// A loop that several threads share. It outlives the loop, since a helper may come when all is done: it finds the job
/// closed, or opened again for another run, and nobody has waited for it.
class Job {
 public:
  /// Calls f(index, worker) for every index in [0, count) on this thread and on those of the pool's that come in time.
  /// Throws the first exception on when all are out.
  void run(Eigen::ThreadPoolInterface& pool, Index count, const Callable<Index, int>& f) {
    f_ = &f;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    workers_.store(1, std::memory_order_relaxed);
    failed_.clear();
    std::fegetenv(&arithmetic_);
    state_.store(++run_ * one_run, std::memory_order_release);
    {
      const Closing guard{*this};
      // The task is two numbers, so that std::function keeps it without the heap.
      const Index helpers = std::min<Index>(count - 1, pool.NumThreads());
      for (Index i = 0; i < helpers; ++i) pool.Schedule([this, run = run_] { help(run); });
      work(0);
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  /// For who keeps a list of jobs.
  Job* next_free = nullptr;

 private:
  // What state_ is made of: how many helpers are inside, whether no more may come, and the number of the run.
  static constexpr std::uint64_t one_helper = 1, closed = 1 << 23, one_run = 1 << 24;

  struct Closing {
    Job& job;
    ~Closing() { job.close(); }
  };

  void help(std::uint64_t run) {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    do {
      if (state / one_run != run || (state & closed) != 0) return;
    } while (
        !state_.compare_exchange_weak(state, state + one_helper, std::memory_order_acquire, std::memory_order_relaxed));
    {
      const ArithmeticOf callers(arithmetic_);
      work(workers_.fetch_add(1, std::memory_order_relaxed));
    }
    if (state_.fetch_sub(one_helper, std::memory_order_release) == run * one_run + closed + one_helper)
      state_.notify_one();
  }

  void work(int worker) {
    const InsideParallelFor guard;
    try {
      for (Index i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) (*f_)(i, worker);
    } catch (...) {
      next_.store(count_, std::memory_order_relaxed);
      if (!failed_.test_and_set()) error_ = std::current_exception();
    }
  }

  void close() {
    std::uint64_t state = state_.fetch_or(closed, std::memory_order_acq_rel) | closed;
    for (int spins = 0; state % closed != 0; state = state_.load(std::memory_order_acquire))
      if (++spins > 10000) state_.wait(state, std::memory_order_relaxed);  // before that, sleeping costs more
  }

  std::atomic<std::uint64_t> state_{closed};
  std::uint64_t run_ = 0;
  const Callable<Index, int>* f_ = nullptr;
  std::fenv_t arithmetic_{};  // the caller's
  Index count_ = 0;
  std::atomic<Index> next_{0};
  std::atomic<int> workers_{1};
  std::exception_ptr error_{};
  std::atomic_flag failed_{};
};

}  // namespace tinynet::detail
