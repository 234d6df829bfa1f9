#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <tinynet/cuda/launch_queue.hpp>

using tinynet::detail::Footprint;
using tinynet::detail::Kernel;
using tinynet::detail::KernelLaunch;
using tinynet::detail::LaunchQueue;

namespace {

// What has been launched: the kernels' names with their arguments, with a + between those that run at the same time; in
// graphs, and for how many launches of these arguments were set.
std::string done;
int graphs_made, graph_launches, arguments_set, fails_at = -100, set_fails_at = -100;
bool no_memory = false;

std::vector<int> arguments_of(const KernelLaunch& launch) {
  std::vector<int> arguments(launch.count);
  REQUIRE(launch.used().size() == launch.count * sizeof(int));
  std::memcpy(arguments.data(), launch.used().data(), launch.used().size());
  return arguments;
}

void run(const KernelLaunch& launch) {
  REQUIRE(launch.arguments.size() == sizeof(tinynet::detail::Together<int>));
  std::string names;
  for (const int argument : arguments_of(launch)) {
    if (argument == fails_at) throw std::runtime_error("this launch fails");
    names += (names.empty() ? "" : "+") + (launch.kernel.name + std::to_string(argument));
  }
  done += names + " ";
}

struct Launcher {
  class Graph {
   public:
    explicit Graph(std::span<const KernelLaunch> launches) : launches_(launches.begin(), launches.end()) {
      if (no_memory) throw std::runtime_error("there is no memory for a graph");
      ++graphs_made;
    }
    void set(std::size_t i, const KernelLaunch& launch) {
      if (arguments_of(launch)[0] == set_fails_at) throw std::runtime_error("the argument cannot be set");
      ++arguments_set;
      launches_[i].arguments = launch.arguments;
    }
    void launch() {
      ++graph_launches;
      for (const KernelLaunch& launch : launches_) run(launch);
    }

   private:
    std::vector<KernelLaunch> launches_;
  };
  static void launch(const KernelLaunch& launch) { run(launch); }
};

using Queue = LaunchQueue<Launcher>;
constexpr int half = static_cast<int>(Queue::length) / 2;

constexpr int some_function = 0, another = 0, block = 0, second_block = 0;
const Kernel step{&some_function, "step", 4, 32, 100}, update{&another, "update", 2, 64, 0};

struct Fixture {
  Fixture() {
    done.clear();
    graphs_made = graph_launches = arguments_set = 0;
    fails_at = set_fails_at = -100;
  }

  void add(const Kernel& kernel, int argument) {
    queue.add(kernel, argument, {{&block}});
    expected += kernel.name + std::to_string(argument) + " ";
  }
  void add_steps(int count, int argument) {
    for (int i = 0; i < count; ++i) {
      add(step, argument);
      add(update, argument + 1);
    }
  }

  Queue queue;
  std::string expected;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "launches wait until they are wanted, and keep their order") {
  add_steps(3, 1);
  CHECK(done.empty());
  queue.flush();
  CHECK(done == expected);
  CHECK(done == "step1 update2 step1 update2 step1 update2 ");
  queue.flush();
  CHECK(done == expected);
  CHECK(graphs_made == 0);
}

TEST_CASE_FIXTURE(Fixture, "a full queue that has come before is one graph") {
  add_steps(half, 1);
  CHECK(done.empty());
  CHECK(graphs_made == 0);
  const std::string queue_full = expected;
  add_steps(5 * half, 1);
  CHECK(done + queue_full == expected);  // nobody had to ask; the last kernel of a full queue may get another argument
  CHECK(graphs_made == 1);
  CHECK(graph_launches == 4);
  queue.flush();
  CHECK(done == expected);
  CHECK(graph_launches == 5);
  CHECK(arguments_set == 0);
  add_steps(3, 1);
  queue.flush();
  CHECK(done == expected);
  CHECK(graph_launches == 5);
}

TEST_CASE_FIXTURE(Fixture, "arguments that have changed are given to the graph, those alone") {
  for (int i = 0; i < 6 * half; ++i) {
    add(step, i);
    add(update, -1);
  }
  queue.flush();
  CHECK(done == expected);
  CHECK(graphs_made == 1);
  CHECK(arguments_set == 4 * half);  // the second queue is made into the graph
}

TEST_CASE_FIXTURE(Fixture, "a graph is of these kernels, in this order and of this size") {
  add_steps(2 * half, 1);
  Kernel larger = step;
  larger.blocks = 5;
  for (const Kernel& kernel : {larger, update, step}) {
    for (int i = 0; i < 2 * half; ++i) add(kernel, i);
    queue.flush();
    CHECK(done == expected);
  }
  CHECK(graph_launches == 1);
  for (int i = 0; i < 4 * half; ++i) add(larger, i);  // known
  queue.flush();
  CHECK(done == expected);
  CHECK(graph_launches == 3);
  // Looked at between the two kernels of a step: from now on queues begin with the second.
  add(step, 1);
  queue.flush();
  add(update, 2);
  add_steps(4 * half, 1);
  queue.flush();
  CHECK(done == expected);
  CHECK(graph_launches == 6);
}

TEST_CASE_FIXTURE(Fixture, "only so many graphs are kept, those last used") {
  const auto add_queues = [&](unsigned blocks, int count) {
    Kernel kernel = step;
    kernel.blocks = blocks;
    for (int i = 0; i < count * 2 * half; ++i) add(kernel, 1);
    queue.flush();
  };
  constexpr int most = 4 * half;
  for (unsigned blocks = 1; blocks <= most; ++blocks) add_queues(blocks, 2);
  CHECK(graphs_made == most);
  add_queues(1, 1);
  add_queues(most + 1, 2);  // in place of 2
  CHECK(graphs_made == most + 1);
  add_queues(1, 1);
  CHECK(graphs_made == most + 1);
  add_queues(2, 2);
  CHECK(graphs_made == most + 2);
  CHECK(done == expected);
}

TEST_CASE_FIXTURE(Fixture, "kernels that write to different blocks are one launch") {
  std::array<int, 4 * half> blocks{};
  const auto add_nets = [&](int count) {
    for (const Kernel& kernel : {step, update})
      for (int net = 0; net < count; ++net) queue.add(kernel, net, {{&blocks[static_cast<std::size_t>(net)], nullptr}});
  };
  add_nets(2);
  queue.flush();
  CHECK(done == "step0+step1 update0+update1 ");

  for (const int nets : {2, 3, 15, 16}) {
    CAPTURE(nets);
    done.clear();
    graphs_made = graph_launches = 0;
    std::string steps;
    for (const char* kernel : {"step", "update"})
      for (int net = 0; net < nets; ++net) steps += kernel + std::to_string(net) + (net + 1 == nets ? ' ' : '+');
    for (int i = 0; i < 3 * half; ++i) {
      add_nets(nets);
      expected += steps;
    }
    queue.flush();
    CHECK(done == expected);
    CHECK(graphs_made == 1);
    CHECK(graph_launches == 2);
    CHECK(arguments_set == 0);
    expected.clear();
  }

  // Numbers of nets that have little or nothing in common with a launch's or the queue's length.
  for (const int nets : {15, 17, 34, 63}) {
    CAPTURE(nets);
    for (int i = 0; i < 4 * half; ++i) add_nets(nets);
    const int made = graphs_made, launched = graph_launches;
    for (int i = 0; i < 2 * half; ++i) add_nets(nets);
    CHECK(graphs_made == made);
    CHECK(graph_launches - launched >= 2 * ((nets + 15) / 16) - 1);
  }

  // More than a launch has room for.
  queue.flush();
  done.clear();
  add_nets(18);
  queue.flush();
  CHECK(done.find("step15 step16+step17 update0+update1+") != std::string::npos);
  CHECK(done.find("update15 update16+update17 ") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "others are not") {
  std::string last;
  const auto add_pair = [&](const Kernel& kernel, const Footprint& first, const Footprint& second) {
    done.clear();
    for (int i = 0; i < 4 * half; ++i) {
      queue.add(step, 1, first);
      queue.add(kernel, 2, second);
      queue.add(update, 3, {{&block}});
      queue.add(update, 4, {{&block}});
    }
    queue.flush();
    CAPTURE(done);
    CHECK(graph_launches > 0);
    CHECK(done.find("update3 update4 ") != std::string::npos);
    return done.find("step1+") != std::string::npos;
  };
  CHECK(add_pair(step, {{&block}}, {{&second_block}}));
  CHECK(add_pair(step, {{nullptr, &block}}, {{nullptr, &second_block}}));
  CHECK_FALSE(add_pair(step, {{&block}}, {{&block}}));
  CHECK_FALSE(add_pair(step, {{&block, &second_block}}, {{nullptr, &block}}));
  CHECK_FALSE(add_pair(step, {{&block}, 5}, {{&second_block}, 6}));  // what one has used may be the other's now
  CHECK_FALSE(add_pair(update, {{&block}}, {{&second_block}}));
  Kernel larger = step;
  larger.blocks = 5;
  CHECK_FALSE(add_pair(larger, {{&block}}, {{&second_block}}));
  // The third shares nothing with the second, but with the first.
  done.clear();
  for (int i = 0; i < 2 * half; ++i)
    for (const int* written : {&block, &second_block, &block, &second_block}) queue.add(step, 0, {{written}});
  queue.flush();
  CHECK(done.find("step0+step0 step0+step0 ") != std::string::npos);
  CHECK(done.find("+step0+") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be launched is told, and what was behind it is forgotten") {
  fails_at = 7;
  add(step, 1);
  queue.add(step, 7, {{&block}});
  queue.add(step, 8, {{&block}});
  CHECK_THROWS_AS(queue.flush(), std::runtime_error);
  CHECK(done == expected);
  fails_at = -100;
  add_steps(2 * half, 2);
  queue.flush();
  CHECK(done == expected);
}

TEST_CASE_FIXTURE(Fixture, "where nothing may be thrown it is told later") {
  fails_at = 7;
  queue.add(step, 7, {});
  queue.flush_quietly();
  CHECK(queue.size() == 0);
  queue.add(step, 8, {});  // with what was before it forgotten, so is this
  CHECK_THROWS_AS(queue.flush(), std::runtime_error);
  CHECK(done.empty());
  add(step, 9);
  queue.flush_quietly();
  queue.flush();
  CHECK(done == expected);
}

TEST_CASE_FIXTURE(Fixture, "where no graph can be made the launches are made one by one") {
  no_memory = true;
  add_steps(4 * half, 1);
  queue.flush();
  CHECK(done == expected);
  no_memory = false;
  add_steps(2 * half, 3);
  queue.flush();
  CHECK(done == expected);
  CHECK(graph_launches == 2);
}

TEST_CASE_FIXTURE(Fixture, "a graph that could not be changed runs with the arguments that it is asked for next") {
  add_steps(2 * half, 1);
  queue.flush();
  CHECK(graphs_made == 1);
  set_fails_at = 5;
  for (int i = 0; i < static_cast<int>(Queue::length); ++i) queue.add(i % 2 == 0 ? step : update, i % 7, {});
  CHECK_THROWS_AS(queue.flush(), std::runtime_error);
  add_steps(half, 1);
  queue.flush();
  CHECK(done == expected);
}
