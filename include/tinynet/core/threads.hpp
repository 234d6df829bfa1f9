// The threads that the library works with: Eigen's thread pool, one's own or one handed in.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __linux__
#include <sched.h>
#endif

namespace tinynet {
namespace detail {

/// How many CPUs this process may run on.
inline int available_cpus() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// The process's choice of threads; the own pool is made when it is first needed.
class Threads {
 public:
  static Threads& instance() {
    static Threads threads;
    return threads;
  }

  int count() const { return count_.load(std::memory_order_relaxed); }

  /// The pool to run on, and null where the caller does all the work.
  Eigen::ThreadPoolInterface* pool() {
    if (count() <= 1) return nullptr;
    if (Eigen::ThreadPoolInterface* pool = pool_.load(std::memory_order_acquire)) return pool;
    const std::lock_guard lock(mutex_);
    if (!own_) own_ = std::make_unique<Eigen::ThreadPool>(count() - 1);
    pool_.store(own_.get(), std::memory_order_release);
    return own_.get();
  }

  void use(int count, Eigen::ThreadPoolInterface* pool) {
    const std::lock_guard lock(mutex_);
    pool_.store(pool, std::memory_order_release);
    own_.reset();
    count_.store(count, std::memory_order_relaxed);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<Eigen::ThreadPool> own_;
  std::atomic<Eigen::ThreadPoolInterface*> pool_{nullptr};
  std::atomic<int> count_{available_cpus()};
};

// True while this thread is inside parallel_for: what is called there runs on this thread alone.
inline thread_local bool inside_parallel_for = false;

struct InsideParallelFor {
  InsideParallelFor() { inside_parallel_for = true; }
  ~InsideParallelFor() { inside_parallel_for = false; }
};

}  // namespace detail

/// How many threads the library uses.
inline int num_threads() { return detail::Threads::instance().count(); }

/// Sets the number of threads, the calling one included; 0 means all CPUs that this process may use. Results do
/// not depend on it, bit for bit. Not to be called while another thread computes. Throws Error (usage) if negative.
inline void set_num_threads(int count) {
  if (count < 0) throw Error(ErrorCode::usage, "set_num_threads: expected 0 or more, found " + std::to_string(count));
  detail::Threads::instance().use(count == 0 ? detail::available_cpus() : count, nullptr);
}

/// Makes the library run on the caller's pool (and the calling thread) instead of one of its own. The pool must
/// outlive its use; `set_num_threads` ends it.
inline void set_thread_pool(Eigen::ThreadPoolInterface& pool) {
  detail::Threads::instance().use(pool.NumThreads() + 1, &pool);
}

namespace detail {

/// Calls f(index, worker) for every index in [0, count), on several threads; no two calls at a time have the same
/// worker, 0 <= worker < num_threads(). Returns when all are done; the first exception is thrown on. Runs on the
/// calling thread alone inside another parallel_for, on a thread of the pool, and inside an OpenMP region, so that
/// nobody's cores are oversubscribed. Which thread does what is not fixed: f's results must not depend on it.
template <class F>
void parallel_for(Index count, F&& f) {
  Eigen::ThreadPoolInterface* pool = nullptr;
  bool alone = count <= 1 || inside_parallel_for;
#ifdef _OPENMP
  alone = alone || omp_in_parallel() != 0;
#endif
  if (!alone) pool = Threads::instance().pool();
  if (pool == nullptr || pool->CurrentThreadId() != -1) {
    for (Index i = 0; i < count; ++i) f(i, 0);
    return;
  }

  const int helpers = static_cast<int>(std::min<Index>(count, num_threads())) - 1;
  struct Job {
    F& f;
    Index count;
    std::latch done;
    std::atomic<Index> next{0};
    std::atomic<int> workers{1};
    std::exception_ptr error{};
    std::atomic_flag failed{};

    void work(int worker) {
      const InsideParallelFor guard;
      try {
        for (Index i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) f(i, worker);
      } catch (...) {
        next.store(count, std::memory_order_relaxed);
        if (!failed.test_and_set()) error = std::current_exception();
      }
    }
  } job{f, count, std::latch(helpers)};

  // The task is one pointer, so that std::function keeps it without the heap.
  for (int i = 0; i < helpers; ++i)
    pool->Schedule([&job] {
      job.work(job.workers.fetch_add(1, std::memory_order_relaxed));
      job.done.count_down();
    });
  job.work(0);
  job.done.wait();
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace detail
}  // namespace tinynet
