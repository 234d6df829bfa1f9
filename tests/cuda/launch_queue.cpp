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

// What has been launched: the kernels' names with their arguments; in graphs, where a + is between those that may run
// at the same time, and which arguments were set for these.
std::string done;
int graphs_made, graph_launches, arguments_set, fails_at = -100, set_fails_at = -100;
bool no_memory = false;

void run(const KernelLaunch& launch) {
  int argument = 0;
  REQUIRE(launch.argument.size() == sizeof argument);
  std::memcpy(&argument, launch.argument.data(), sizeof argument);
  if (argument == fails_at) throw std::runtime_error("this launch fails");
  if (launch.beside) done.back() = '+';
  done += launch.kernel.name + std::to_string(argument) + " ";
}

struct Launcher {
  class Graph {
   public:
    explicit Graph(std::span<const KernelLaunch> launches) : launches_(launches.begin(), launches.end()) {
      if (no_memory) throw std::runtime_error("there is no memory for a graph");
      ++graphs_made;
    }
    void set(std::size_t i, const KernelLaunch& launch) {
      int argument = 0;
      std::memcpy(&argument, launch.argument.data(), sizeof argument);
      if (argument == set_fails_at) throw std::runtime_error("the argument cannot be set");
      ++arguments_set;
      launches_[i].argument = launch.argument;
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
  CHECK(done == expected);  // nobody had to ask
  CHECK(graphs_made == 0);
  add_steps(5 * half, 1);
  CHECK(done == expected);
  CHECK(graphs_made == 1);
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
    CHECK(done == expected);
  }
  CHECK(graph_launches == 1);
  for (int i = 0; i < 4 * half; ++i) add(larger, i);  // known
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

TEST_CASE_FIXTURE(Fixture, "launches of a kernel that write to different blocks are beside each other") {
  std::array<int, 4 * half> blocks{};
  const auto add_nets = [&](int count) {
    for (const Kernel& kernel : {step, update})
      for (int net = 0; net < count; ++net) queue.add(kernel, net, {{&blocks[static_cast<std::size_t>(net)], nullptr}});
  };
  for (int i = 0; i < 3 * half / 2; ++i) add_nets(2);  // three queues
  CHECK(graph_launches == 2);
  const std::string steps = "step0+step1 update0+update1 ";
  CHECK(done.substr(done.size() - 2 * steps.size()) == steps + steps);
  CHECK(graphs_made == 1);

  // Three nets: a queue ends in the middle of a step, at three places until it begins again as the first one did.
  done.clear();
  for (int i = 0; i < 40; ++i) add_nets(3);
  queue.flush();
  CHECK(graphs_made == 4);
  CHECK(done.find("step0+step1+step2 update0+update1+update2 ") != std::string::npos);
  CHECK(done.find("update2+") == std::string::npos);

  // Numbers of nets that have little or nothing in common with the queue's length.
  for (const int nets : {15, 17, 34, 63}) {
    CAPTURE(nets);
    for (int i = 0; i < 4 * half; ++i) add_nets(nets);
    const int made = graphs_made, launched = graph_launches;
    for (int i = 0; i < 2 * half; ++i) add_nets(nets);
    CHECK(graphs_made == made);
    CHECK(graph_launches - launched >= 2 * nets - 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "others are not") {
  std::string last;
  const auto add_pair = [&](const Kernel& kernel, const Footprint& first, const Footprint& second) {
    done.clear();
    for (int i = 0; i < 2 * half; ++i) {
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
  CHECK_FALSE(add_pair(step, {{&block, &second_block}}, {{nullptr, nullptr, &block}}));
  CHECK_FALSE(add_pair(step, {{&block}, 5}, {{&second_block}, 6}));  // what one has used may be the other's now
  CHECK_FALSE(add_pair(update, {{&block}}, {{&second_block}}));
  Kernel larger = step;
  larger.blocks = 5;
  CHECK_FALSE(add_pair(larger, {{&block}}, {{&second_block}}));
  // The third shares nothing with the second, but with the first.
  done.clear();
  for (int i = 0; i < 2 * half; ++i)
    for (const int* written : {&block, &second_block, &block, &second_block}) queue.add(step, 0, {{written}});
  CHECK(done.find("step0+step0 step0+step0 ") != std::string::npos);
  CHECK(done.find("+step0+") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what cannot be launched is told, and what was behind it is forgotten") {
  fails_at = 7;
  add(step, 1);
  queue.add(step, 7, {});
  queue.add(step, 8, {});
  CHECK_THROWS_AS(queue.flush(), std::runtime_error);
  CHECK(done == expected);
  fails_at = -100;
  add_steps(2 * half, 2);
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
  CHECK(done == expected);
  no_memory = false;
  add_steps(2 * half, 3);
  CHECK(done == expected);
  CHECK(graph_launches == 2);
}

TEST_CASE_FIXTURE(Fixture, "a graph that could not be changed runs with the arguments that it is asked for next") {
  add_steps(2 * half, 1);
  CHECK(graphs_made == 1);
  set_fails_at = 5;
  CHECK_THROWS_AS(
      {
        for (int i = 0; i < static_cast<int>(Queue::length); ++i) queue.add(i % 2 == 0 ? step : update, i % 7, {});
      },
      std::runtime_error);
  add_steps(half, 1);
  CHECK(done == expected);
}
