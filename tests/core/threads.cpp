#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cfenv>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <tinynet/core/threads.hpp>
#include <vector>

#include "count_news.hpp"

#ifdef __SSE2__
#include <xmmintrin.h>
#endif
#ifdef __linux__
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace tinynet;
using detail::parallel_for;

namespace {

/// Checks that parallel_for, or what is like it, runs every index once, with workers that exist and are never used
/// twice at a time.
template <class Loop>
void check_every_index_once(Index count, const Loop& loop) {
  std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
  std::vector<std::atomic<int>> busy(static_cast<std::size_t>(num_threads()));
  std::atomic<bool> clash = false;
  loop(count, [&](Index i, int worker) {
    if (worker < 0 || worker >= num_threads() || busy[static_cast<std::size_t>(worker)]++ != 0) clash = true;
    ++calls[static_cast<std::size_t>(i)];
    --busy[static_cast<std::size_t>(worker)];
  });
  CHECK_FALSE(clash);
  bool once = true;
  for (const auto& n : calls) once &= n == 1;
  CHECK(once);
}

void check_every_index_once(Index count) {
  check_every_index_once(count, [](Index n, const auto& f) { parallel_for(n, f); });
}

}  // namespace

TEST_CASE("every index is called once, whatever the number of threads") {
  for (const int threads : {1, 2, 3, 7, 16}) {
    set_num_threads(threads);
    CHECK(num_threads() == threads);
    for (const Index count : {0, 1, 2, 3, 100, 10'000}) check_every_index_once(count);
    for (const Index count : {0, 1, 3, 4, 5, 33})
      for (int again = 0; again < 20; ++again)
        check_every_index_once(count, [](Index n, const auto& f) { detail::parallel_apart(n, f); });
  }
}

TEST_CASE("a thread that is there gets what it had the last time") {
  set_num_threads(2);
  for (int again = 0; again < 50; ++again) {
    std::array<std::thread::id, 4> ids;
    std::atomic<int> waiting = 0;
    detail::parallel_apart(4, [&](Index i, int) {
      ids[static_cast<std::size_t>(i)] = std::this_thread::get_id();
      if (i < 2)
        for (++waiting; waiting < 2;) std::this_thread::yield();  // ends only if each thread has one of these
    });
    CHECK(ids[0] == std::this_thread::get_id());
    CHECK(ids[1] != ids[0]);
  }
  CHECK_THROWS_WITH(detail::parallel_apart(6,
                                           [](Index i, int) {
                                             if (i == 3) throw std::runtime_error("this one fails");
                                           }),
                    "this one fails");
  set_num_threads(0);
}

TEST_CASE("several threads do work") {
  set_num_threads(3);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<int> waiting = 0;
  parallel_for(3, [&](Index, int) {
    {
      const std::lock_guard lock(mutex);
      ids.insert(std::this_thread::get_id());
    }
    for (++waiting; waiting < 3;) std::this_thread::yield();  // ends only if there are three
  });
  CHECK(ids.size() == 3);
  CHECK(ids.contains(std::this_thread::get_id()));
}

TEST_CASE("0 threads mean all CPUs of this process; fewer are refused") {
  set_num_threads(0);
  CHECK(num_threads() == detail::available_cpus());
  CHECK(num_threads() >= 1);
  CHECK_THROWS_WITH_AS(set_num_threads(-1), "set_num_threads: expected 0 or more, found -1", Error);
  CHECK(num_threads() == detail::available_cpus());
}

TEST_CASE("the first exception is thrown on, and the next call is clean") {
  for (const int threads : {1, 4}) {
    set_num_threads(threads);
    std::atomic<int> calls = 0;
    const auto failing = [&](Index i, int) {
      ++calls;
      if (i == 10) throw std::runtime_error("at ten");
    };
    CHECK_THROWS_WITH_AS(parallel_for(1'000'000, failing), "at ten", std::runtime_error);
    CHECK(calls < 1'000'000);
    check_every_index_once(100);
  }
}

TEST_CASE("a loop inside a loop runs on its own thread alone") {
  set_num_threads(4);
  std::atomic<Index> total = 0;
  std::atomic<bool> alone = true;
  parallel_for(8, [&](Index, int) {
    const auto self = std::this_thread::get_id();
    parallel_for(100, [&](Index i, int worker) {
      if (std::this_thread::get_id() != self || worker != 0) alone = false;
      total += i;
    });
  });
  CHECK(alone);
  CHECK(total == 8 * 4950);
}

TEST_CASE("two threads may compute at the same time") {
  set_num_threads(3);
  std::atomic<Index> total = 0;
  const auto work = [&] {
    for (int i = 0; i < 200; ++i) parallel_for(50, [&](Index k, int) { total += k; });
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(total == 2 * 200 * 1225);
}

TEST_CASE("somebody else's pool can be used, and given up again") {
  {
    Eigen::ThreadPool pool(2);
    set_thread_pool(pool);
    CHECK(num_threads() == 3);
    check_every_index_once(1000);
    // On a thread of that pool nothing is scheduled to it again.
    std::atomic<int> result = 0;
    pool.Schedule([&] {
      Index total = 0;
      parallel_for(10, [&](Index i, int) { total += i; });
      result = static_cast<int>(total);
    });
    while (result == 0) std::this_thread::yield();
    CHECK(result == 45);
    set_num_threads(2);
  }
  CHECK(num_threads() == 2);
  check_every_index_once(1000);
}

TEST_CASE("nobody waits for a helper that has not come yet") {
  std::atomic<bool> go_on = false, asleep = false;  // before the pool: its thread looks at them to its end
  Eigen::ThreadPool pool(1);
  set_thread_pool(pool);
  pool.Schedule([&] {
    for (asleep = true; !go_on;) std::this_thread::yield();
  });
  while (!asleep) std::this_thread::yield();
  for (int i = 0; i < 3000; ++i) check_every_index_once(3);  // more than Eigen's queue holds; ends only if that is true
  go_on = true;
  check_every_index_once(1000);
  set_num_threads(2);
}

TEST_CASE("row 92: every thread rounds as the calling one does, which may change its mind") {
  Eigen::ThreadPool pool(3);
  set_thread_pool(pool);
  const auto quotients = [] {  // of 1 by 1 to 500, and a number that is next to 0
    std::vector<double> found;
    for (int i = 1; i <= 500; ++i) {
      const volatile double divisor = i;
      found.push_back(1 / divisor);
    }
    const volatile double small = std::numeric_limits<double>::min();
    found.push_back(small / 4);
    return found;
  };
  // Those of each of four threads: none goes on before all have come.
  const auto check_all_are = [&](const std::vector<double>& expected) {
    std::vector<std::vector<double>> found(4);
    std::atomic<int> here = 0;
    parallel_for(4, [&](Index i, int) {
      for (++here; here < 4;) std::this_thread::yield();
      found[static_cast<std::size_t>(i)] = quotients();
    });
    for (const auto& numbers : found) CHECK(numbers == expected);
  };
  const auto usual = quotients();
  check_all_are(usual);
  for (const int mode : {FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD}) {
    REQUIRE(std::fesetround(mode) == 0);
    const auto alone = quotients();
    check_all_are(alone);
    CHECK(std::fegetround() == mode);
    REQUIRE(std::fesetround(FE_TONEAREST) == 0);
    CHECK(alone != usual);
    check_all_are(usual);
  }
#ifdef __SSE2__
  const unsigned control = _mm_getcsr();
  for (const unsigned mode : {0x8000u, 0x0040u, 0x8040u}) {  // flush to zero, denormals are zero, both
    _mm_setcsr(control | mode);
    const auto alone = quotients();
    check_all_are(alone);
    _mm_setcsr(control);
    CHECK((alone.back() == 0) == ((mode & 0x8000u) != 0));
    check_all_are(usual);
  }
#endif
  set_num_threads(2);
}

TEST_CASE("jobs of threads that have ended are used again") {
  set_num_threads(3);
  for (int i = 0; i < 50; ++i) std::thread([] { check_every_index_once(100); }).join();
}

TEST_CASE("row 85: memory runs out while threads are being started") {
  for (std::ptrdiff_t requests = 0;; ++requests) {
    CAPTURE(requests);
    set_num_threads(4);  // the pool is made anew
    std::array<std::atomic<int>, 100> calls{};
    test::good = requests;
    bool done = true;
    try {
      parallel_for(100, [&](Index i, int) { ++calls.at(static_cast<std::size_t>(i)); });
    } catch (const std::bad_alloc&) {
      done = false;
    }
    const bool enough = test::good != 0;
    test::good = -1;
    for (const auto& count : calls) REQUIRE(count == (done ? 1 : 0));
    if (enough) break;
  }
  set_num_threads(2);
}

#ifdef __linux__
TEST_CASE("threads that the system refuses to start are done without") {
  const auto sum_in_child = [](rlim_t most_threads) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // The limit is one of the user's, and none for root; 61234 is a user who has no other threads.
      const rlimit limit{most_threads, most_threads};
      bool ok = geteuid() != 0 || (setgid(61234) == 0 && setuid(61234) == 0);
      ok = ok && setrlimit(RLIMIT_NPROC, &limit) == 0;
      Index total = 0;
      if (ok) {
        std::atomic<Index> sum = 0;
        for (int i = 0; i < 100; ++i) {
          set_num_threads(8);
          parallel_for(100, [&](Index k, int) { sum += k; });
          set_num_threads(1);  // ends those that have started; one that is just going to sleep must hear it, too
        }
        total = sum;
      }
      const bool written = write(ends[1], &total, sizeof total) == static_cast<ssize_t>(sizeof total);
      _exit(written ? 0 : 1);
    }
    Index total = -1;
    close(ends[1]);
    CHECK(read(ends[0], &total, sizeof total) == static_cast<ssize_t>(sizeof total));
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    return total;
  };
  set_num_threads(1);  // a fork has none of its parent's threads
  for (const unsigned most : {0U, 1U, 3U, 100U}) CHECK(sum_in_child(most) == 100 * 4950);
}
#endif
