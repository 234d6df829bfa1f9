// The threads that the library works with: Eigen's thread pool, one's own or one handed in.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/job.hpp>
#include <utility>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __linux__
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
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

/// Threads for Eigen's pool, some of which may be missing because the system refuses to start them or has no memory:
/// the others, and at last the caller, do their work.
struct ThreadsThatStart {
  struct Task {
    std::function<void()> f;
  };
  /// Eigen keeps none: they can end while the pool stays.
  struct EnvThread {
    void OnCancel() {}
  };

  /// The threads, and how many of them have not ended.
  struct Crew {
    std::vector<std::thread> threads{};
    std::atomic<int> alive{0};
  };
  std::shared_ptr<Crew> crew;

  EnvThread* CreateThread(std::function<void()> f) {
    ++crew->alive;
    try {
      crew->threads.emplace_back([f = std::move(f), all = crew.get()] {
        f();
        --all->alive;
      });
    } catch (const std::exception&) {  // system_error or bad_alloc
      --crew->alive;
    }
    return nullptr;
  }
  Task CreateTask(std::function<void()> f) { return Task{std::move(f)}; }
  void ExecuteTask(const Task& task) { task.f(); }
};

/// The process's choice of threads; the own pool is made when it is first needed.
class Threads {
 public:
  /// Never destroyed: threads that nobody waits for, and destructors of static storage duration, may still compute.
  static Threads& instance() {
    static Threads& threads = *new Threads;
    return threads;
  }

  int count() const { return count_.load(std::memory_order_relaxed); }

  /// The pool to run on, and null where the caller does all the work.
  Eigen::ThreadPoolInterface* pool() {
    if (count() <= 1) return nullptr;
    if (Eigen::ThreadPoolInterface* pool = pool_.load(std::memory_order_acquire)) return pool;
    const std::lock_guard lock(mutex_);
    if (ended_) return nullptr;
    if (!own_) own_ = std::make_unique<OwnPool>(count() - 1);
    static const AtExit at_exit;
#if defined(__unix__) || defined(__APPLE__)
    [[maybe_unused]] static const int forks = pthread_atfork(nullptr, nullptr, [] { instance().after_fork(); });
#endif
    pool_.store(own_.get(), std::memory_order_release);
    return own_.get();
  }

  void use(int count, Eigen::ThreadPoolInterface* pool) {
    const std::lock_guard lock(mutex_);
    pool_.store(pool, std::memory_order_release);
    if (!ended_) own_.reset();
    count_.store(count, std::memory_order_relaxed);
  }

  /// Job::run with the calling thread's job.
  void run(Eigen::ThreadPoolInterface& pool, Index count, const Callable<Index, int>& f) {
    if (thread_has_ended_) return BorrowedJob(*this).job->run(pool, count, f);
    thread_local const BorrowedJob borrowed(*this);
    borrowed.job->run(pool, count, f);
  }

 private:
  class OwnPool : public Eigen::ThreadPoolTempl<ThreadsThatStart> {
   public:
    explicit OwnPool(int count) : OwnPool(count, std::make_shared<ThreadsThatStart::Crew>()) {}
    ~OwnPool() override { end_threads(); }

    // Eigen's threads end when all of them are idle, those too that have never started; so they are told to end. One
    // that is just going to sleep does not hear it: they are told until they have. Who schedules something afterwards
    // does it alone.
    void end_threads() {
      do {
        this->Cancel();
        std::this_thread::yield();
      } while (crew_->alive > 0);
      for (std::thread& thread : crew_->threads) thread.join();
      crew_->threads.clear();
    }

   private:
    OwnPool(int count, const std::shared_ptr<ThreadsThatStart::Crew>& crew)
        : ThreadPoolTempl(count, ThreadsThatStart{crew}), crew_(crew) {}

    std::shared_ptr<ThreadsThatStart::Crew> crew_;
  };

  // The pool's threads end with the program (or when a library with tinynet in it is taken out of memory). The pool
  // stays, for who uses it at this moment. Then each thread computes alone, which gives the same bits.
  struct AtExit {
    ~AtExit() { instance().end(); }
  };
  void end() {
    OwnPool* own = nullptr;
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      own = own_.get();
      if (own != nullptr) pool_.store(nullptr, std::memory_order_release);
    }
    // Who calls exit() in a loop would wait for a thread of the pool that waits for it, or for itself.
    if (own != nullptr && !inside_parallel_for) own->end_threads();
  }

  // A fork has none of its parent's threads, and makes a pool of its own.
  void after_fork() {
    if (own_) pool_.store(nullptr, std::memory_order_release);
    lost_ = own_.release();
  }

  // Jobs are never freed, since helpers that come late look at them; at the end of a thread its job is another's.
  struct BorrowedJob {
    explicit BorrowedJob(Threads& owner) : threads(owner), job(owner.take_job()) {}
    BorrowedJob(const BorrowedJob&) = delete;
    BorrowedJob& operator=(const BorrowedJob&) = delete;
    ~BorrowedJob() {
      thread_has_ended_ = true;
      const std::lock_guard lock(threads.mutex_);
      job->next_free = std::exchange(threads.free_, job);
    }
    Threads& threads;
    Job* job;
  };
  Job* take_job() {
    const std::lock_guard lock(mutex_);
    if (free_ == nullptr) return new Job;
    return std::exchange(free_, free_->next_free);
  }

  // Whether the thread's variables with a destructor are gone; a destructor of static storage duration may go on.
  static inline constinit thread_local bool thread_has_ended_ = false;
  std::mutex mutex_;
  Job* free_ = nullptr;
  std::unique_ptr<OwnPool> own_;
  OwnPool* lost_ = nullptr;
  bool ended_ = false;
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
    return Threads::instance().run(*pool, count, f);
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
