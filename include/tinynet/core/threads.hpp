// The threads that the library works with: Eigen's thread pool, one's own or one handed in.
#pragma once

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <utility>

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

 private:
  friend class Threads;
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
  Job* next_free_ = nullptr;
};

/// Threads for Eigen's pool, some of which may be missing because the system refuses to start them or has no memory:
/// the others, and at last the caller, do their work.
struct ThreadsThatStart {
  struct Task {
    std::function<void()> f;
  };

  /// How many of them are alive; shared with the pool.
  std::shared_ptr<std::atomic<int>> alive;

  class EnvThread {
   public:
    EnvThread(std::function<void()> f, std::shared_ptr<std::atomic<int>> alive) {
      ++*alive;
      try {
        thread_ = std::thread([f = std::move(f), alive] {
          f();
          --*alive;
        });
      } catch (const std::exception&) {  // system_error or bad_alloc
        --*alive;
      }
    }
    ~EnvThread() {
      if (thread_.joinable()) thread_.join();
    }
    void OnCancel() {}

   private:
    std::thread thread_;
  };

  EnvThread* CreateThread(std::function<void()> f) {
    try {
      return new EnvThread(std::move(f), alive);
    } catch (const std::bad_alloc&) {  // under threads that run already Eigen's pool must not be taken away
      return nullptr;
    }
  }
  Task CreateTask(std::function<void()> f) { return Task{std::move(f)}; }
  void ExecuteTask(const Task& task) { task.f(); }
};

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
    if (!own_) own_ = std::make_unique<OwnPool>(count() - 1);
    pool_.store(own_.get(), std::memory_order_release);
    return own_.get();
  }

  void use(int count, Eigen::ThreadPoolInterface* pool) {
    const std::lock_guard lock(mutex_);
    pool_.store(pool, std::memory_order_release);
    own_.reset();
    count_.store(count, std::memory_order_relaxed);
  }

  /// The calling thread's job.
  Job& job() {
    thread_local const BorrowedJob borrowed(*this);
    return *borrowed.job;
  }

 private:
  class OwnPool : public Eigen::ThreadPoolTempl<ThreadsThatStart> {
   public:
    explicit OwnPool(int count) : OwnPool(count, std::make_shared<std::atomic<int>>(0)) {}
    // Eigen's threads end when all of them are idle, those too that have never started; so they are told to end. One
    // that is just going to sleep does not hear it: they are told until they have.
    ~OwnPool() override {
      do {
        this->Cancel();
        std::this_thread::yield();
      } while (*alive_ > 0);
    }

   private:
    OwnPool(int count, const std::shared_ptr<std::atomic<int>>& alive)
        : ThreadPoolTempl(count, ThreadsThatStart{alive}), alive_(alive) {}

    std::shared_ptr<std::atomic<int>> alive_;
  };

  // Jobs are never freed, since helpers that come late look at them; at the end of a thread its job is another's.
  struct BorrowedJob {
    explicit BorrowedJob(Threads& owner) : threads(owner), job(owner.take_job()) {}
    BorrowedJob(const BorrowedJob&) = delete;
    BorrowedJob& operator=(const BorrowedJob&) = delete;
    ~BorrowedJob() {
      const std::lock_guard lock(threads.mutex_);
      job->next_free_ = std::exchange(threads.free_, job);
    }
    Threads& threads;
    Job* job;
  };
  Job* take_job() {
    const std::lock_guard lock(mutex_);
    if (free_ == nullptr) return new Job;
    return std::exchange(free_, free_->next_free_);
  }

  std::mutex mutex_;
  Job* free_ = nullptr;
  std::unique_ptr<OwnPool> own_;
  std::atomic<Eigen::ThreadPoolInterface*> pool_{nullptr};
  std::atomic<int> count_{available_cpus()};
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

/// The pool whose threads may help this one now, or null.
inline Eigen::ThreadPoolInterface* helping_pool() {
#ifdef _OPENMP
  if (omp_in_parallel() != 0) return nullptr;
#endif
  Eigen::ThreadPoolInterface* const pool = inside_parallel_for ? nullptr : Threads::instance().pool();
  return pool == nullptr || pool->CurrentThreadId() != -1 ? nullptr : pool;
}

/// Calls f(index, worker) for every index in [0, count), on several threads; no two calls at a time have the same
/// worker, 0 <= worker < num_threads(). Returns when all are done; the first exception is thrown on. Runs on the
/// calling thread alone inside another parallel_for, on a thread of the pool, and inside an OpenMP region, so that
/// nobody's cores are oversubscribed. Which thread does what is not fixed: f's results must not depend on it. Wherever
/// it runs, f has the rounding mode and the like of the calling thread.
inline void parallel_for(Index count, const Callable<Index, int>& f) {
  if (Eigen::ThreadPoolInterface* const pool = count > 1 ? helping_pool() : nullptr)
    return Threads::instance().job().run(*pool, count, f);
  for (Index i = 0; i < count; ++i) f(i, 0);
}

/// Calls f(i, worker) as parallel_for does, for some things with much memory each: a thread that comes in time gets
/// those that it had the last time, which are in its cache still. For fewer than two things a thread it would come too
/// late.
template <class F>
void parallel_apart(Index count, const F& f) {
  Eigen::ThreadPoolInterface* const pool = count > 3 ? helping_pool() : nullptr;
  if (pool == nullptr) {
    for (Index i = 0; i < count; ++i) f(i, 0);
    return;
  }
  const Index threads = std::min<Index>(pool->NumThreads() + 1, count / 2);
  const auto taken = std::make_unique<std::atomic<bool>[]>(static_cast<std::size_t>(count));
  parallel_for(threads, [&](Index, int worker) {
    const auto take = [&](Index i) {
      if (!taken[static_cast<std::size_t>(i)].exchange(true, std::memory_order_relaxed)) f(i, worker);
    };
    for (Index i = (pool->CurrentThreadId() + 1) % threads; i < count; i += threads) take(i);  // the caller's is -1
    for (Index i = 0; i < count; ++i) take(i);
  });
}

/// Whether so many multiply-adds take longer than it takes to wake a thread.
constexpr bool worth_sharing(Index multiply_adds) { return multiply_adds >= Index{1} << 18; }

/// Calls f(begin, end) for ranges that together are [0, size): by parallel_for with `grain` indices at a time, or where
/// the calling thread is alone with all at once.
inline void parallel_ranges(Index size, Index grain, const Callable<Index, Index>& f) {
  const Index count = (size + grain - 1) / grain;
  if (count > 1 && helping_pool() != nullptr)
    parallel_for(count, [&](Index i, int) { f(i * grain, std::min(size, (i + 1) * grain)); });
  else if (size > 0)
    f(Index{0}, size);
}

}  // namespace detail
}  // namespace tinynet
