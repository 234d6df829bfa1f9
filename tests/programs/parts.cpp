// Parts of the programs that can be tried alone.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <tinynet/data/synthetic.hpp>

#include "../../examples/mnist/group.hpp"
#include "../../examples/mnist/limits.hpp"
#include "../../examples/mnist/result_check.hpp"
#include "../../examples/mnist/settings.hpp"

namespace {

namespace fs = std::filesystem;
constexpr double none = std::numeric_limits<double>::infinity();

// A made-up root folder with the files that Linux has of control groups.
class Machine {
 public:
  explicit Machine(const std::string& groups) {
    fs::remove_all(root_);
    write("proc/self/cgroup", groups);
  }
  ~Machine() { fs::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  mnist::Limits limits() const { return mnist::group_limits(root_); }

 private:
  fs::path root_ = fs::temp_directory_path() / "tinynet test of limits";
};

}  // namespace

TEST_CASE("the limits of control groups, version 2: the tightest from the group to the top") {
  Machine machine("0::/a/b\n");
  CHECK(machine.limits().memory == none);
  CHECK(machine.limits().cpus == none);
  machine.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  machine.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  CHECK(machine.limits().memory == none);
  CHECK(machine.limits().cpus == none);
  machine.write("sys/fs/cgroup/a/memory.max", "3000000\n");
  machine.write("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  CHECK(machine.limits().memory == 3e6);
  CHECK(machine.limits().cpus == 1.5);
  machine.write("sys/fs/cgroup/a/b/memory.max", "2000000\n");
  machine.write("sys/fs/cgroup/a/cpu.max", "20000 100000\n");
  CHECK(machine.limits().memory == 2e6);
  CHECK(machine.limits().cpus == doctest::Approx(0.2));
  machine.write("sys/fs/cgroup/other/memory.max", "1\n");
  CHECK(machine.limits().memory == 2e6);
}

TEST_CASE("a container that sees only its own part of the tree") {
  for (const char* const groups : {"0::/\n", "0::/docker/1234\n", "0::/../../elsewhere\n"}) {
    CAPTURE(groups);
    Machine machine(groups);
    machine.write("sys/fs/cgroup/memory.max", "1000000\n");
    CHECK(machine.limits().memory == 1e6);
  }
}

TEST_CASE("the limits of control groups, version 1") {
  Machine machine("9:name=systemd:/\n4:memory:/box\n2:cpu,cpuacct:/box\nnonsense\n0::/\n");
  machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(machine.limits().memory == doctest::Approx(9.223372036854771712e18));
  machine.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "5000000\n");
  CHECK(machine.limits().memory == 5e6);
  machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
  CHECK(machine.limits().cpus == none);
  machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "250000\n");
  CHECK(machine.limits().cpus == 2.5);
}

TEST_CASE("where there are no control groups there is no limit by them") {
  const mnist::Limits limits = mnist::group_limits("no such folder");
  CHECK(limits.memory == none);
  CHECK(limits.cpus == none);
  CHECK(mnist::cpus_present() >= 1);
  CHECK(mnist::memory_present() > 1e6);
}

TEST_CASE("settings: those that nobody gave are not there") {
  mnist::Options options;
  const auto names = [&options] {
    std::string list;
    const auto json = mnist::settings_json(options);
    for (const auto& [name, value] : json.items()) list += name + " ";
    return list;
  };
  CHECK(names() == "hidden activation optimizer lr scale batch steps seed ");
  options.momentum = 0.5;
  options.weight_decay = 0;
  options.engine = mnist::Engine::tape;
  options.hidden = {};
  CHECK(names() == "hidden activation optimizer lr momentum weight-decay scale batch steps seed engine ");
  CHECK(mnist::settings_json(options).dump() ==
        R"({"hidden":[],"activation":"relu","optimizer":"sgd","lr":0.003,"momentum":0.5,"weight-decay":0,"scale":1,)"
        R"("batch":0,"steps":5000,"seed":0,"engine":"tape"})");
}

namespace {

/// A net that is wrong now and then, as one on a GPU might be.
class Wrong : public mnist::Model {
 public:
  Wrong(const mnist::Options& options, const tinynet::Dataset& data) : model_(mnist::make_model(options, data)) {}

  tinynet::Evaluation evaluate(const tinynet::Dataset& data) const override {
    tinynet::Evaluation result = model_->evaluate(data);
    result.loss += loss_error;
    return result;
  }
  std::vector<float> gradient(const tinynet::Dataset& data) override {
    std::vector<float> result = model_->gradient(data);
    result.back() += gradient_error;
    return result;
  }
  std::optional<float> step(bool wanted, const std::function<void(float)>& on_loss) override {
    return model_->step(wanted, on_loss);
  }
  std::string text() const override { return model_->text(); }
  std::vector<tinynet::NamedTensor<float>> weights() override { return model_->weights(); }
  void save_checkpoint(const std::string& path, tinynet::Metadata about) override {
    model_->save_checkpoint(path, std::move(about));
  }
  int load_checkpoint(const std::string& path) override { return model_->load_checkpoint(path); }
  void set_lr(double lr) override { model_->set_lr(lr); }
  const mnist::Computation& computation() const override { return model_->computation(); }
  std::string device() const override { return model_->device(); }

  double loss_error = 0;
  float gradient_error = 0;

 private:
  std::unique_ptr<mnist::Model> model_;
};

}  // namespace

TEST_CASE("a wrong loss and a wrong gradient are found, those that are only rounded are not") {
  mnist::Options options;
  const auto [train, test] = tinynet::synthetic_digits(2000, 10);
  mnist::ResultCheck check(options, train);
  Wrong wrong(options, train);
  for (int i = 0; i < 3; ++i) {
    CHECK_NOTHROW(check.compare(wrong, 200 * i));
    wrong.step(false, [](float) {});
  }
  wrong.loss_error = 0.05;
  CHECK_THROWS_WITH_AS(check.compare(wrong, 600),
                       doctest::Contains("a wrong result at step 600: the loss of the first "
                                         "1024 rows is "),
                       tinynet::Error);
  wrong.loss_error = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(check.compare(wrong, 600), tinynet::Error);
  wrong.loss_error = 0;
  wrong.gradient_error = 0.1f;
  CHECK_THROWS_WITH_AS(check.compare(wrong, 800),
                       doctest::Contains("step 800: the gradient of the first 1024 rows is "), tinynet::Error);
  wrong.gradient_error = 1e-6f;
  CHECK_NOTHROW(check.compare(wrong, 800));
}

TEST_CASE("processes that have something else than the first one are named") {
  struct Others : mnist::Group {
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint64_t> gather(std::uint64_t own) const override {
      std::vector<std::uint64_t> all{own};
      for (const std::uint64_t hash : hashes) all.push_back(hash == 0 ? own : hash);
      return all;
    }
  };
  Others others;
  others.hashes = {0, 0, 0};
  CHECK_NOTHROW(mnist::check_same(others, "weights before step 200", "text"));
  others.hashes = {0, 7, 0, 8};
  std::string text;
  try {
    mnist::check_same(others, "weights before step 200", "text");
  } catch (const tinynet::Error& error) {
    CHECK(error.code() == tinynet::ErrorCode::distributed);
    text = error.what();
  }
  CHECK(text == "the processes do not have the same weights before step 200: rank 2, 4 of 5 differs from rank 0");
}
