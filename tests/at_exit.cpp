// Computing while a program or a thread ends: in destructors of static storage duration, on threads that nobody waits
// for, in a fork. Each case is a child process, which has to end well.
#include <doctest/doctest.h>

#ifdef __linux__
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <tinynet/core/threads.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/optim/sgd.hpp>

using namespace tinynet;

// LeakSanitizer cannot see what threads have that are running still.
static bool threads_go_on = false;
extern "C" int __lsan_is_turned_off() { return threads_go_on ? 1 : 0; }

namespace {

using Net = MLP<6, 40, 3>;

// A few steps, fused and general; every number is the same on any number of threads.
float train() {
  constexpr Index rows = 1500;
  Generator generator{Seed{3}};
  Net net{generator};
  SGD optimizer{net, {.lr = 0.1, .momentum = 0.9}};
  Matrix<float> x(rows, 6);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>((i * 7919) % 101) / 101.0F - 0.5F;
  std::vector<int> labels(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i % 3);
  float last = 0;
  for (const Engine engine : {Engine::automatic, Engine::tape, Engine::automatic}) {
    const WithEngine chosen(engine);
    net.zero_grad();
    const auto loss = cross_entropy(net(x), labels);
    loss.backward();
    optimizer.step();
    last = loss.item();
  }
  return last;
}

float expected;

void require_same_training() {
  if (train() != expected) _exit(2);
}

/// What a variable of static storage duration may have, and what it does at the end.
struct AtEnd {
  std::unique_ptr<Net> net{};
  Matrix<float> x{};
  std::unique_ptr<Var<float>> value{};
  void (*action)(AtEnd&) = nullptr;

  ~AtEnd() {
    if (action != nullptr) action(*this);
  }
};
AtEnd at_end;                  // older than anything that the library keeps
thread_local AtEnd of_thread;  // likewise, where it is touched first

void train_at_end(AtEnd& /*self*/) {
  for (int i = 0; i < 2; ++i) require_same_training();
}

// Where nobody else computes.
void train_at_end_on_other_threads(AtEnd& self) {
  for (const int threads : {3, 1, 0}) {
    set_num_threads(threads);
    train_at_end(self);
  }
}

/// How a child process that calls `f` and then exit() ends: 0 is well, -1 not at all.
template <class F>
int status_of_child(const F& f) {
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(60);
    set_num_threads(4);
    f();
    std::exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

template <class F>
void check_child(const F& f, int times = 5) {
  set_num_threads(1);  // the parent has no threads: sanitizers do not like them before a fork
  expected = train();
  bool well = true;
  for (int i = 0; well && i < times; ++i) well = status_of_child(f) == 0;
  CHECK(well);
}

}  // namespace

TEST_CASE("a destructor of static storage duration trains as main does") {
  check_child([] {
    require_same_training();
    at_end.action = train_at_end_on_other_threads;
  });
  check_child([] { at_end.action = train_at_end_on_other_threads; });  // the library is used there for the first time
}

TEST_CASE("so does a thread that the destructor starts") {
  check_child([] {
    require_same_training();
    at_end.action = [](AtEnd& /*self*/) {
      std::array<std::thread, 3> threads;
      for (std::thread& thread : threads) thread = std::thread(require_same_training);
      for (std::thread& thread : threads) thread.join();
    };
  });
}

TEST_CASE("nets and values that main has made are used, and go, at the end") {
  check_child([] {
    at_end.net = std::make_unique<Net>();
    at_end.x = Matrix<float>::Ones(10, 6);
    at_end.value = std::make_unique<Var<float>>(square((*at_end.net)(at_end.x).var()));
    at_end.action = [](AtEnd& self) {
      sum(*self.value).backward();
      if (self.net->layer<0>().weight().grad().norm() == 0) _exit(3);
      self.value.reset();
      self.net.reset();
      require_same_training();
    };
  });
}

TEST_CASE("a thread's own variables train after those of the library are gone") {
  check_child([] {
    const auto in_thread = [] {
      of_thread.action = train_at_end;
      require_same_training();
    };
    for (int i = 0; i < 3; ++i) std::thread(in_thread).join();
  });
}

TEST_CASE("threads that nobody waits for train while the program ends") {
  const auto detached = [](auto how_to_end) {
    return [=] {
      static std::atomic<int> running = 0;
      threads_go_on = true;
      for (int i = 0; i < 3; ++i)
        std::thread([] {
          for (++running;;) require_same_training();
        }).detach();
      while (running < 3) std::this_thread::yield();
      how_to_end();
    };
  };
  check_child(detached([] {}), 25);
  check_child(detached([] { at_end.action = train_at_end; }));
  check_child(detached([] { std::quick_exit(0); }));
}

TEST_CASE("exit() on any thread, inside a loop or outside") {
  const auto exit_in_loop = [](Index at) {
    return [=] {
      at_end.action = train_at_end;
      threads_go_on = true;
      detail::parallel_for(64, [at](Index i, int) {
        usleep(100);
        if (i == at) std::exit(0);
      });
    };
  };
  for (const Index at : {0, 1, 2, 40}) check_child(exit_in_loop(at), 2);
  check_child([] {
    at_end.action = train_at_end;
    threads_go_on = true;
    std::thread([] { std::exit(0); }).detach();
    for (;;) require_same_training();
  });
}

#if !defined(__SANITIZE_THREAD__)  // which lets no fork of a program with threads start others
TEST_CASE("a fork trains on threads of its own, and ends") {
  check_child([] {
    require_same_training();
    if (status_of_child(require_same_training) != 0) _exit(4);
    if (status_of_child([] { at_end.action = train_at_end; }) != 0) _exit(5);
    require_same_training();
  });
}
#endif
#endif
